#include "trust/allowed_signers.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"

namespace release {
namespace {

constexpr char kKey[] = " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA";

void CheckUnusable(const std::string& text, const std::string& why) {
  CAPTURE(text);
  const Error error = ErrorOf([&] { CheckAllowedSigners(text, "/keys"); });
  CHECK(error.code() == ErrorCode::kKeysUnusable);
  CHECK_MESSAGE(Says(error, why), error.what());
}

}  // namespace

TEST_CASE("allowed signers with namespaces are accepted") {
  for (const std::string line :
       {"ci@example.org namespaces=\"release\"",
        "ci,ci2@example.org namespaces=\"release,git\"",
        "ci valid-after=\"20260101\",namespaces=\"release\","
        "valid-before=\"20270101000000Z\"",
        "\tci  namespaces=\"release\""}) {
    CAPTURE(line);
    CHECK_NOTHROW(
        CheckAllowedSigners("# who\n\n" + line + kKey + " comment\n", "/keys"));
  }
}

TEST_CASE("a principal that is a pattern is refused") {
  for (const char* principal : {"*", "*@example.org", "ci,*", "c?", "!ci",
                                "ci,", ",", "\"ci\"", "-x"}) {
    CheckUnusable(std::string(principal) + " namespaces=\"release\"" + kKey,
                  "line 1: ");
  }
}

TEST_CASE("a key without namespaces, or with a pattern for one, is refused") {
  CheckUnusable(std::string("ci") + kKey, "line 1: ");
  CheckUnusable(std::string("ci") + kKey + " a comment", "is not taken");
  CheckUnusable(std::string("ci valid-before=\"20270101\"") + kKey,
                "it has no namespaces");
  CheckUnusable(std::string("ci namespaces=\"*\"") + kKey, "no namespace's");
  CheckUnusable(std::string("ci namespaces=\"release,?\"") + kKey,
                "no namespace's");
  CheckUnusable(std::string("ci namespaces=\"\"") + kKey, "line 1: ");
}

TEST_CASE("an option that would admit more keys is refused") {
  for (const char* option :
       {"cert-authority", "namespaces=\"git\"", "valid-before=\"soon\"",
        "valid-before=20270101", "NAMESPACES=\"git\"", ""}) {
    CheckUnusable("ci namespaces=\"release\"," + std::string(option) + kKey,
                  "is not taken");
  }
}

TEST_CASE("a file without keys, or with a key twice, is refused") {
  CheckUnusable("", "it holds no key");
  CheckUnusable("# nobody\n", "it holds no key");
  const std::string line = std::string("ci namespaces=\"release\"") + kKey;
  CheckUnusable(line + "\nx namespaces=\"release\"" + kKey,
                "line 2: its key is there already");
}

}  // namespace release
