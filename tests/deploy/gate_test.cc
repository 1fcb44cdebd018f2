#include "deploy/gate.h"

#include <doctest/doctest.h>

#include "base/units.h"
#include "support/expect_error.h"

namespace release {
namespace {

using namespace std::chrono_literals;

const std::string kSha256(64, 'a');
const std::string kOther(64, 'b');
constexpr std::int64_t kNow = 1'795'434'045;

// Returns facts with all the evidence that a policy can require.
GateFacts Good() {
  GateFacts facts;
  facts.archive = "shop.tar";
  facts.app = "shop";
  facts.policy.require_checksum = true;
  facts.policy.require_signature = true;
  facts.policy.require_tests = true;
  facts.policy.environment = "production";
  facts.policy.max_age = 1h;
  facts.checksum = ExpectedChecksum{kSha256, "--sha256"};
  facts.sha256 = kSha256;
  facts.statement = Statement{.sha256 = kSha256,
                              .app = "shop",
                              .environment = "production",
                              .serial = 7,
                              .issued_at = kNow,
                              .tests = TestResult{"PASSED", {}, 2}};
  facts.signer = Signer{"ci", "SHA256:k"};
  facts.serials["SHA256:k"] = {6, kOther};
  facts.serials["SHA256:another"] = {100, kOther};
  facts.now = kNow;
  return facts;
}

void CheckObjection(const GateFacts& facts, ErrorCode code) {
  const std::vector<Objection> objections = Judge(facts);
  REQUIRE(objections.size() == 1);
  CHECK(CodeName(objections[0].code) == CodeName(code));
  CHECK_FALSE(objections[0].reason.empty());
}

}  // namespace

TEST_CASE("gate: an archive with all required evidence is admitted") {
  CHECK(Judge(Good()).empty());
  CHECK(Judge(GateFacts{}).empty());
  CHECK_NOTHROW(RequireAdmission(Good()));
}

TEST_CASE("gate: each missing piece of required evidence is reported") {
  GateFacts facts = Good();
  facts.checksum.reset();
  CheckObjection(facts, ErrorCode::kEvidenceMissing);
  facts = Good();
  facts.signer.reset();
  CheckObjection(facts, ErrorCode::kEvidenceMissing);
  facts = Good();
  facts.statement->tests.reset();
  CheckObjection(facts, ErrorCode::kEvidenceMissing);
  facts = Good();
  facts.statement->tests->passed = 0;
  CheckObjection(facts, ErrorCode::kEvidenceMissing);
  facts = Good();
  facts.policy = {};
  facts.checksum.reset();
  facts.statement.reset();
  facts.signer.reset();
  CHECK(Judge(facts).empty());
}

TEST_CASE("gate: another archive, app or environment is refused") {
  GateFacts facts = Good();
  facts.checksum->sha256 = kOther;
  CheckObjection(facts, ErrorCode::kChecksumMismatch);
  facts = Good();
  facts.statement->sha256 = kOther;
  CheckObjection(facts, ErrorCode::kEvidenceMismatch);
  CHECK(Judge(facts)[0].expected == kOther);
  CHECK(Judge(facts)[0].found == kSha256);
  facts = Good();
  facts.statement->app = "Shop";
  CheckObjection(facts, ErrorCode::kEvidenceMismatch);
  for (const char* environment : {"", "staging"}) {
    facts = Good();
    facts.statement->environment = environment;
    CheckObjection(facts, ErrorCode::kEvidenceMismatch);
  }
  facts.policy.environment = "";
  CHECK(Judge(facts).empty());
}

TEST_CASE(
    "gate: a statement about the manifest is compared with the manifest") {
  GateFacts facts = Good();
  facts.statement->subject = Statement::Subject::kManifest;
  facts.statement->sha256 = kOther;
  // The manifest is read after the bytes were judged.
  CHECK(Judge(facts).empty());
  facts.manifest_sha256 = kOther;
  CHECK(Judge(facts).empty());
  for (const std::string& digest : {kSha256, std::string()}) {
    facts.manifest_sha256 = digest;
    CheckObjection(facts, ErrorCode::kEvidenceMismatch);
  }
}

TEST_CASE("gate: tests that failed are refused, required or not") {
  for (const bool required : {true, false}) {
    GateFacts facts = Good();
    facts.policy.require_tests = required;
    facts.statement->tests->failed = {"checkout"};
    CheckObjection(facts, ErrorCode::kTestsFailed);
    for (const char* result : {"FAILED", "WARNED", "passed"}) {
      facts.statement->tests = TestResult{result, {}, 2};
      CheckObjection(facts, ErrorCode::kTestsFailed);
    }
  }
}

TEST_CASE("gate: the age of evidence is checked if a limit is configured") {
  GateFacts facts = Good();
  facts.now = kNow + 3600;
  CHECK(Judge(facts).empty());
  facts.now = kNow + 3601;
  CheckObjection(facts, ErrorCode::kEvidenceTooOld);
  facts.now = kNow - 300;
  CHECK(Judge(facts).empty());
  facts.now = kNow - 301;
  CheckObjection(facts, ErrorCode::kEvidenceFromFuture);
  facts.now = kNow;
  facts.statement->issued_at = *ParseTime("1500-01-01T00:00:00Z");
  CheckObjection(facts, ErrorCode::kEvidenceTooOld);
  facts.policy.max_age.reset();
  CHECK(Judge(facts).empty());
}

TEST_CASE("gate: serials only rise, except for the same archive again") {
  GateFacts facts = Good();
  facts.serials["SHA256:k"] = {7, kSha256};
  CHECK(Judge(facts).empty());
  facts.serials["SHA256:k"] = {7, kOther};
  CheckObjection(facts, ErrorCode::kEvidenceReplayed);
  facts.serials["SHA256:k"] = {8, kSha256};
  CheckObjection(facts, ErrorCode::kEvidenceReplayed);
  facts.serials.erase("SHA256:k");
  CHECK(Judge(facts).empty());
}

TEST_CASE("gate: everything but the content is judged before the read") {
  GateFacts facts = Good();
  facts.sha256.reset();
  facts.checksum->sha256 = kOther;
  CHECK(Judge(facts).empty());
  facts.statement->app = "other";
  CheckObjection(facts, ErrorCode::kEvidenceMismatch);
}

TEST_CASE("gate: all objections are reported, the first gives the code") {
  GateFacts facts = Good();
  facts.statement->sha256 = kOther;
  facts.statement->tests->result = "FAILED";
  const Error error = ErrorOf([&] { RequireAdmission(facts); });
  CHECK(error.code() == ErrorCode::kEvidenceMismatch);
  CHECK(Says(error, "cannot accept shop.tar: its SHA-256"));
  CHECK(Says(error, "; and the result of its tests"));
}

TEST_CASE("gate: evidence is described in facts and in words") {
  const std::map<std::string, std::string> facts = EvidenceFacts(Good());
  CHECK(facts == std::map<std::string, std::string>{
                     {"sha256", kSha256},
                     {"signed_by", "ci"},
                     {"key", "SHA256:k"},
                     {"serial", "7"},
                     {"issued_at", "2026-11-23T11:40:45Z"},
                     {"environment", "production"},
                     {"tests", "2 tests passed"}});
  CHECK(EvidenceWords(Good()) == "signed by ci, serial 7, 2 tests passed");
  GateFacts bare = Good();
  bare.signer.reset();
  bare.statement->tests.reset();
  CHECK(EvidenceWords(bare) == "unsigned, serial 7");
  CHECK(EvidenceWords(GateFacts{}).empty());
}

}  // namespace release
