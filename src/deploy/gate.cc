#include "deploy/gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "base/units.h"

namespace release {
namespace {

// How far ahead of this host the clock of the attestation's issuer may be.
constexpr std::int64_t kClockSlack = 300;  // seconds
constexpr char kPassed[] = "PASSED";

// Collects all objections instead of stopping at the first, so that one attempt
// shows the user everything that is wrong. The first objection decides the
// error code.
class Gate {
 public:
  explicit Gate(const GateFacts& facts) : facts_(facts) {}

  std::vector<Objection> Judge() {
    RequireWhatMustBeGiven();
    CheckArchive();
    if (facts_.statement) {
      CheckPurpose(*facts_.statement);
      if (facts_.statement->tests) CheckTests(*facts_.statement->tests);
      CheckAge(*facts_.statement);
      CheckSerial(*facts_.statement);
    }
    return std::move(objections_);
  }

 private:
  void Object(ErrorCode code, std::string reason, std::string expected = "",
              std::string found = "") {
    objections_.push_back({.code = code,
                           .reason = std::move(reason),
                           .expected = std::move(expected),
                           .found = std::move(found)});
  }

  void RequireWhatMustBeGiven() {
    const VerifyConfig& policy = facts_.policy;
    const auto missing = [this](bool required, bool given, const char* what) {
      if (!required || given) return;
      Object(ErrorCode::kEvidenceMissing,
             fmt::format("the configuration requires {}, and none was given",
                         what));
    };
    missing(policy.require_checksum, facts_.checksum.has_value(), "a checksum");
    missing(policy.require_signature, facts_.signer.has_value(),
            "a signed attestation");
    missing(policy.require_tests,
            facts_.statement && facts_.statement->tests.has_value(),
            "test results");
  }

  void CheckArchive() {
    if (facts_.sha256 && facts_.checksum &&
        facts_.checksum->sha256 != *facts_.sha256) {
      Object(ErrorCode::kChecksumMismatch,
             fmt::format("its SHA-256 is {}, {} says {}", *facts_.sha256,
                         facts_.checksum->origin, facts_.checksum->sha256),
             facts_.checksum->sha256, *facts_.sha256);
    }
    if (facts_.statement) CheckSubject(*facts_.statement);
  }

  void CheckSubject(const Statement& statement) {
    const bool manifest = CoversManifest(facts_);
    const auto& found = manifest ? facts_.manifest_sha256 : facts_.sha256;
    if (!found || *found == statement.sha256) return;
    Object(ErrorCode::kEvidenceMismatch,
           fmt::format("{}, the attestation is about {}",
                       !manifest        ? "its SHA-256 is " + *found
                       : found->empty() ? "it has no manifest of version 2"
                                        : "its manifest's SHA-256 is " + *found,
                       statement.sha256),
           statement.sha256, *found);
  }

  void CheckPurpose(const Statement& statement) {
    if (!facts_.app.empty() && statement.app != facts_.app) {
      Object(ErrorCode::kEvidenceMismatch,
             fmt::format("the attestation is for the app {}, not for {}",
                         Quoted(statement.app), Quoted(facts_.app)),
             facts_.app, statement.app);
    }
    const std::string& environment = facts_.policy.environment;
    if (!environment.empty() && statement.environment != environment) {
      Object(ErrorCode::kEvidenceMismatch,
             fmt::format("the attestation is for {}, not for the environment "
                         "{}",
                         statement.environment.empty()
                             ? "no environment"
                             : Quoted(statement.environment),
                         Quoted(environment)),
             environment, statement.environment);
    }
  }

  void CheckTests(const TestResult& tests) {
    if (tests.result != kPassed || !tests.failed.empty()) {
      Object(ErrorCode::kTestsFailed,
             fmt::format("the result of its tests is {}, {} failed{}",
                         Quoted(tests.result), tests.failed.size(),
                         tests.failed.empty()
                             ? ""
                             : ", the first is " + Quoted(tests.failed[0])),
             kPassed, tests.result);
    } else if (tests.passed == 0u) {
      // An attestation can report PASSED although it lists no test as passed.
      Object(ErrorCode::kEvidenceMissing,
             "its tests have not been run: none is listed as passed");
    }
  }

  // The wall clock can be wrong, so it decides only if max_age is configured.
  void CheckAge(const Statement& statement) {
    if (!facts_.policy.max_age) return;
    const std::int64_t age = facts_.now - statement.issued_at;
    const std::string issued = FormatTime(statement.issued_at);
    if (age < -kClockSlack) {
      Object(ErrorCode::kEvidenceFromFuture,
             fmt::format("the attestation was issued at {}, it is now {}",
                         issued, FormatTime(facts_.now)),
             FormatTime(facts_.now), issued);
    } else if (SecondsSaturated(age) > *facts_.policy.max_age) {
      Object(ErrorCode::kEvidenceTooOld,
             fmt::format("the attestation was issued at {}, more than {} ago",
                         issued, FormatDuration(*facts_.policy.max_age)),
             FormatDuration(*facts_.policy.max_age), issued);
    }
  }

  // Refuses old evidence: an attacker could offer an outdated, vulnerable
  // release with its genuine signature. Serials must rise for each key.
  void CheckSerial(const Statement& statement) {
    if (!facts_.signer) return;
    const auto used = facts_.serials.find(facts_.signer->key);
    if (used == facts_.serials.end()) return;
    const SerialUse& last = used->second;
    if (statement.serial > last.serial) return;
    // The same serial for the same archive is a repeated deploy, so accept it.
    if (statement.serial == last.serial && statement.sha256 == last.sha256) {
      return;
    }
    Object(ErrorCode::kEvidenceReplayed,
           fmt::format(
               "the attestation has serial {}, and {} of the same key "
               "was used already{}",
               statement.serial, last.serial,
               statement.serial == last.serial ? " for another archive" : ""),
           fmt::format("more than {}", last.serial),
           std::to_string(statement.serial));
  }

  const GateFacts& facts_;
  std::vector<Objection> objections_;
};

std::string TestWords(const TestResult& tests) {
  if (!tests.passed) return "tests passed";
  return fmt::format("{} test{} passed", *tests.passed,
                     *tests.passed == 1 ? "" : "s");
}

}  // namespace

// Runs several times for an archive with an attestation: before its bytes are
// known, with its digest, and with that of its manifest if that is attested.
std::vector<Objection> Judge(const GateFacts& facts) {
  return Gate(facts).Judge();
}

bool CoversManifest(const GateFacts& facts) {
  return facts.statement &&
         facts.statement->subject == Statement::Subject::kManifest;
}

void RequireAdmission(const GateFacts& facts) {
  const std::vector<Objection> objections = Judge(facts);
  if (objections.empty()) return;
  std::vector<std::string> reasons;
  for (const Objection& objection : objections) {
    reasons.push_back(objection.reason);
  }
  const Objection& first = objections.front();
  throw Error(first.code,
              fmt::format("cannot accept {}: {}", Printable(facts.archive),
                          fmt::join(reasons, "; and ")),
              facts.archive, first.expected, first.found);
}

std::map<std::string, std::string> EvidenceFacts(const GateFacts& facts) {
  std::map<std::string, std::string> kept;
  if (facts.sha256) kept["sha256"] = *facts.sha256;
  if (facts.signer) {
    kept["signed_by"] = facts.signer->principal;
    kept["key"] = facts.signer->key;
  }
  if (facts.statement) {
    kept["serial"] = std::to_string(facts.statement->serial);
    kept["issued_at"] = FormatTime(facts.statement->issued_at);
    if (!facts.statement->environment.empty()) {
      kept["environment"] = facts.statement->environment;
    }
    if (facts.statement->tests) {
      kept["tests"] = TestWords(*facts.statement->tests);
    }
  }
  return kept;
}

std::string EvidenceWords(const GateFacts& facts) {
  if (!facts.statement) return "";
  std::vector<std::string> words = {
      facts.signer ? "signed by " + facts.signer->principal : "unsigned",
      fmt::format("serial {}", facts.statement->serial)};
  if (facts.statement->tests) {
    words.push_back(TestWords(*facts.statement->tests));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace release
