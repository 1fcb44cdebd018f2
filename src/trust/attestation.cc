#include "trust/attestation.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "trust/checksum_file.h"

namespace release {
namespace {

constexpr char kManifestName[] = ".release-manifest";

using nlohmann::json;

constexpr char kStatementType[] = "https://in-toto.io/Statement/v1";
constexpr char kTestResultType[] =
    "https://in-toto.io/attestation/test-result/v0.1";
constexpr std::size_t kMaxName = 256;  // bytes

// Parses one statement. Every method throws through Fail at the first problem,
// so a Statement that is returned is complete.
class StatementReader {
 public:
  explicit StatementReader(const std::string& origin) : origin_(origin) {}

  Statement Read(std::string_view text) {
    if (text.size() > kMaxStatement) {
      Fail(fmt::format("it is larger than {} bytes", kMaxStatement));
    }
    const json object = ParseOnce(text);
    if (!object.is_object()) Fail("it is no JSON object");
    const std::string type = Text(object, "_type");
    if (type != kStatementType) {
      Fail(fmt::format("its _type is {}, not {}", Quoted(type),
                       Quoted(kStatementType)));
    }
    Statement statement;
    ReadSubject(Member(object, "subject"), &statement);
    if (Text(object, "predicateType") == kTestResultType) {
      statement.tests = ReadTests(Member(object, "predicate"));
    }
    return statement;
  }

 private:
  [[noreturn]] void Fail(const std::string& reason) const {
    throw Error(ErrorCode::kAttestationInvalid,
                fmt::format("cannot use {}: {}", Quoted(origin_), reason),
                origin_);
  }

  // Parses the text and refuses a duplicate name in any object: JSON parsers
  // disagree on whether the first or the last value counts, so an attacker
  // could show the signer one value and us another. `names` has one set for
  // each object that is open at this point of the text.
  json ParseOnce(std::string_view text) const {
    std::vector<std::set<std::string>> names;
    const auto look = [&](int, json::parse_event_t event, const json& parsed) {
      if (event == json::parse_event_t::object_start) names.emplace_back();
      if (event == json::parse_event_t::object_end) names.pop_back();
      if (event == json::parse_event_t::key &&
          !names.back().insert(parsed.get<std::string>()).second) {
        Fail(fmt::format("{} is there twice",
                         Quoted(parsed.get<std::string>())));
      }
      return true;
    };
    try {
      return json::parse(text, look);
    } catch (const json::exception& error) {
      Fail(fmt::format("it is no JSON: {}", Printable(error.what())));
    }
  }

  const json& Member(const json& object, const char* name) const {
    const auto it = object.find(name);
    if (it == object.end()) Fail(fmt::format("it has no {}", name));
    return *it;
  }

  std::string Text(const json& object, const char* name) const {
    const json& member = Member(object, name);
    if (!member.is_string()) Fail(fmt::format("{} is no string", name));
    return member.get<std::string>();
  }

  void ReadSubject(const json& subjects, Statement* statement) const {
    if (!subjects.is_array() || subjects.size() != 1 ||
        !subjects[0].is_object()) {
      Fail("it must have exactly one subject");
    }
    const bool manifest = subjects[0].value("name", json()) == kManifestName;
    if (manifest) statement->subject = Statement::Subject::kManifest;
    const json& digest = Member(subjects[0], "digest");
    if (!digest.is_object()) Fail("digest is no object");
    const auto sha256 = ParseSha256(Text(digest, "sha256"));
    if (!sha256) Fail("sha256 must be 64 hex digits");
    statement->sha256 = *sha256;
    const json& annotations = Member(subjects[0], "annotations");
    if (!annotations.is_object()) Fail("annotations is no object");
    ReadAnnotations(annotations, statement);
  }

  void ReadAnnotations(const json& annotations, Statement* statement) const {
    statement->app = Name(annotations, "app");
    if (annotations.contains("environment")) {
      statement->environment = Name(annotations, "environment");
    }
    // The bound keeps the serial within what signed 64-bit readers accept.
    const json& serial = Member(annotations, "serial");
    if (!serial.is_number_unsigned() ||
        serial.get<std::uint64_t>() >
            std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      Fail("serial is no whole number from 0 to 2^63 - 1");
    }
    statement->serial = serial.get<std::uint64_t>();
    const auto issued_at = ParseTime(Text(annotations, "issuedAt"));
    if (!issued_at) {
      Fail("issuedAt must be UTC to the second, as in 2026-11-23T11:40:45Z");
    }
    statement->issued_at = *issued_at;
  }

  // Returns a string member that is later printed and compared, so its size is
  // bounded.
  std::string Name(const json& object, const char* name) const {
    const std::string text = Text(object, name);
    if (text.empty() || text.size() > kMaxName) {
      Fail(fmt::format("{} must have 1 to {} bytes", name, kMaxName));
    }
    return text;
  }

  // Both lists are optional in the test-result predicate.
  TestResult ReadTests(const json& predicate) const {
    if (!predicate.is_object()) Fail("predicate is no object");
    TestResult tests;
    tests.result = Name(predicate, "result");
    if (auto failed = Names(predicate, "failedTests")) {
      tests.failed = std::move(*failed);
    }
    if (const auto passed = Names(predicate, "passedTests")) {
      tests.passed = passed->size();
    }
    return tests;
  }

  // Returns an array of strings, or nullopt if the member is absent.
  std::optional<std::vector<std::string>> Names(const json& object,
                                                const char* name) const {
    if (!object.contains(name)) return std::nullopt;
    const json& array = object.at(name);
    if (!array.is_array()) Fail(fmt::format("{} is no array", name));
    std::vector<std::string> names;
    for (const json& element : array) {
      if (!element.is_string()) {
        Fail(fmt::format("{} has an element that is no string", name));
      }
      names.push_back(element.get<std::string>());
    }
    return names;
  }

  const std::string& origin_;
};

}  // namespace

Statement ParseStatement(std::string_view text, const std::string& origin) {
  return StatementReader(origin).Read(text);
}

}  // namespace release
