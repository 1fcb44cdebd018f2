#include "cli/usage_error.h"

#include <doctest/doctest.h>

#include "support/command_run.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Returns what the program says of a wrong command line.
std::string Said(const std::vector<std::string>& words) {
  const Printed printed = RunRelease(words);
  CHECK(printed.exit == 2);
  CHECK(printed.out.empty());
  return printed.err;
}

}  // namespace

TEST_CASE("release alone prints the commands, and is a usage error") {
  const std::string said = Said({});
  CHECK(Has(said, "  Change what is live   deploy  stage  activate  rollback"));
  CHECK(!Has(said, "error"));
}

TEST_CASE("a mistyped command, option or app is answered with what was meant") {
  CHECK(Has(Said({"rolback"}),
            "there is no command \"rolback\"; did you mean rollback?"));
  CHECK(Has(Said({"--rot"}),
            "there is no option \"--rot\"; did you mean --root?"));
  CHECK(Has(Said({"--rot", "/srv", "status"}),
            "status has no option \"--rot\"; did you mean --root?"));
  CHECK(Has(Said({"rollback", "--reson", "slow"}),
            "rollback has no option \"--reson\"; did you mean --reason?"));
  CHECK(Has(Said({"deploy", "a.tar", "--vresion=1"}),
            "deploy has no option \"--vresion\"; did you mean --version?"));
}

TEST_CASE("what is missing or too much is named, with the usage") {
  CHECK(Has(Said({"deploy"}), "deploy needs an archive\n"));
  CHECK(Has(Said({"deploy"}), "usage: release deploy ARCHIVE [--version V]"));
  CHECK(Has(Said({"activate"}), "activate needs a version"));
  CHECK(Has(Said({"pack", "build"}), "pack needs --output"));
  CHECK(Has(Said({"rollback", "1", "2"}), "rollback does not take \"2\""));
  CHECK(Has(Said({"deploy", "--version"}), "--version needs a value"));
}

TEST_CASE("a value of the wrong kind is refused with what fits") {
  CHECK(Has(Said({"--color", "red", "status"}),
            "\"red\" is none of auto, always, never"));
  CHECK(
      Has(Said({"completion", "tcsh"}), "\"tcsh\" is none of bash, zsh, fish"));
  CHECK(Has(Said({"history", "--since", "soon"}),
            "\"soon\" is neither a duration (2h) nor a date (2026-11-23)"));
  CHECK(Has(Said({"deploy", "a", "--confirm-within", "x"}),
            "\"x\" is not a duration"));
}

TEST_CASE("the words for a value that fits are empty") {
  CHECK(WhyNotValue(ValueKind::kDuration, "", "10m").empty());
  CHECK(WhyNotValue(ValueKind::kMoment, "", "2026-11-23").empty());
  CHECK(WhyNotValue(ValueKind::kWord, "a|b", "b").empty());
  CHECK(WhyNotValue(ValueKind::kText, "", "anything").empty());
}

}  // namespace release
