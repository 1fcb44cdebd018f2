#include "trust/attestation.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/statements.h"

namespace release {
namespace {

using nlohmann::json;

const std::string kSha256(64, 'a');

void CheckInvalid(const std::string& text, const std::string& why) {
  CAPTURE(text);
  const Error error = ErrorOf([&] { ParseStatement(text, "x.json"); });
  CHECK(error.code() == ErrorCode::kAttestationInvalid);
  CHECK(error.path() == "x.json");
  CHECK_MESSAGE(Says(error, why), error.what());
}

// Returns a valid statement with the value at `pointer` replaced.
std::string With(const std::string& pointer, const json& value) {
  json statement = StatementFor(kSha256);
  statement[json::json_pointer(pointer)] = value;
  return statement.dump();
}

std::string Without(const std::string& pointer) {
  json statement = StatementFor(kSha256);
  const json::json_pointer place(pointer);
  statement[place.parent_pointer()].erase(place.back());
  return statement.dump();
}

}  // namespace

TEST_CASE("a statement names its archive, app, environment and time") {
  const Statement statement =
      ParseStatement(StatementFor(std::string(64, 'A'), 7).dump(2), "x");
  CHECK(statement.sha256 == kSha256);
  CHECK(statement.app == "shop");
  CHECK(statement.environment == "production");
  CHECK(statement.serial == 7);
  CHECK(statement.issued_at == 1'795'434'045);
  REQUIRE(statement.tests);
  CHECK(statement.tests->result == "PASSED");
  CHECK(statement.tests->passed == 2u);
  CHECK(statement.tests->failed.empty());
}

TEST_CASE("a statement is about a manifest if its subject has that name") {
  json statement = StatementFor(kSha256);
  CHECK(ParseStatement(statement.dump(), "x").subject ==
        Statement::Subject::kArchive);
  for (const auto& [name, subject] :
       {std::pair(json(".release-manifest"), Statement::Subject::kManifest),
        {json("release-manifest"), Statement::Subject::kArchive},
        {json(7), Statement::Subject::kArchive}}) {
    statement["subject"][0]["name"] = name;
    CHECK(ParseStatement(statement.dump(), "x").subject == subject);
  }
}

TEST_CASE("optional members of a statement may be absent") {
  for (const char* pointer :
       {"/subject/0/name", "/subject/0/annotations/environment",
        "/predicate/passedTests", "/predicate/failedTests"}) {
    CAPTURE(pointer);
    CHECK_NOTHROW(ParseStatement(Without(pointer), "x"));
  }
  CHECK_NOTHROW(ParseStatement(With("/more", {{"x", 1}}), "x"));
  const Statement other = ParseStatement(
      With("/predicateType", "https://slsa.dev/provenance/v1"), "x");
  CHECK_FALSE(other.tests);
}

TEST_CASE("a statement without a mandatory member is refused") {
  for (const char* pointer :
       {"/_type", "/subject", "/predicateType", "/predicate",
        "/subject/0/digest", "/subject/0/annotations",
        "/subject/0/digest/sha256", "/subject/0/annotations/app",
        "/subject/0/annotations/serial", "/subject/0/annotations/issuedAt",
        "/predicate/result"}) {
    CheckInvalid(Without(pointer), "it has no ");
  }
}

TEST_CASE("a statement of another shape is refused") {
  CheckInvalid(With("/_type", "https://in-toto.io/Statement/v0.1"), "_type");
  CheckInvalid(With("/_type", 1), "_type is no string");
  CheckInvalid(With("/subject", json::array()), "exactly one subject");
  CheckInvalid(With("/subject/1", StatementFor(kSha256)["subject"][0]),
               "exactly one subject");
  CheckInvalid(With("/subject/0", "x"), "exactly one subject");
  CheckInvalid(With("/subject/0/digest", "x"), "digest");
  CheckInvalid(With("/subject/0/digest/sha256", "abc"), "64 hex digits");
  CheckInvalid(With("/subject/0/annotations", "x"), "annotations");
  CheckInvalid(With("/subject/0/annotations/app", ""), "app must have");
  CheckInvalid(With("/subject/0/annotations/app", std::string(257, 'a')),
               "app must have");
  for (const json& serial :
       {json(-1), json(1.0), json("1"), json(nullptr), json(1ull << 63)}) {
    CheckInvalid(With("/subject/0/annotations/serial", serial), "serial");
  }
  CheckInvalid(With("/subject/0/annotations/issuedAt", "2026-11-23"),
               "issuedAt must be UTC");
  CheckInvalid(With("/predicate", "x"), "predicate is no object");
  CheckInvalid(With("/predicate/failedTests", "x"), "failedTests is no array");
  CheckInvalid(With("/predicate/passedTests", {1}), "is no string");
}

TEST_CASE("a statement that parsers could read differently is refused") {
  CheckInvalid(R"({"_type":"a","_type":"https://in-toto.io/Statement/v1"})",
               "\"_type\" is there twice");
  CheckInvalid(R"({"a":{"b":1},"c":[{"b":1,"b":2}]})", "\"b\" is there twice");
  CheckInvalid(StatementFor(kSha256).dump() + "{}", "no JSON");
  CheckInvalid("", "no JSON");
  CheckInvalid("[]", "no JSON object");
  CheckInvalid("{\"_type\":\"\xFF\"}", "no JSON");
  CheckInvalid(std::string(kMaxStatement + 1, ' '), "larger than");
  CheckInvalid(std::string(500'000, '['), "no JSON");
}

TEST_CASE("a statement cut anywhere is refused") {
  const std::string whole = StatementFor(kSha256).dump();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_THROWS_AS(ParseStatement(whole.substr(0, size), "x"), Error);
  }
}

}  // namespace release
