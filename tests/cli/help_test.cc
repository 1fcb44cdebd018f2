#include "cli/help.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "os/terminal.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void CheckFits(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(DisplayWidth(line) <= 80);
  }
}

}  // namespace

TEST_CASE("the short help fits a small terminal and names every command once") {
  const std::string help = ShortHelp();
  CheckFits(help);
  CHECK(std::count(help.begin(), help.end(), '\n') <= 20);
  for (const CommandRow& row : CommandRows()) {
    CAPTURE(row.name());
    CHECK(Has(help, std::string(row.name())));
  }
}

TEST_CASE("the full help has every command and option, in 80 columns") {
  const std::string help = FullHelp();
  CheckFits(help);
  for (const CommandRow& row : CommandRows()) {
    CHECK(Has(help, "  " + std::string(row.name()) + " "));
  }
  for (const OptionRow& row : GlobalRows()) {
    CHECK(Has(help, std::string(row.name)));
  }
  CHECK(
      Has(help, "  -n, --dry-run           Print what the command would do; "));
}

TEST_CASE("the help of each command fits, and begins with its usage") {
  for (const CommandRow& row : CommandRows()) {
    CAPTURE(row.name());
    const std::string help = CommandHelp(row);
    CheckFits(help);
    CHECK(Has(help, "\nUsage: release " + std::string(row.name())));
    CHECK(Has(help, std::string(row.example)));
  }
}

TEST_CASE("the usage has the form of the field") {
  CHECK(UsageOf(RowOf(CommandId::kPack)) ==
        "release pack DIRECTORY --output FILE [--base MANIFEST] [--version V] "
        "[--keep-modes]");
  CHECK(UsageOf(RowOf(CommandId::kVerify)) ==
        "release verify [VERSION...] [--all]");
  CHECK(UsageOf(RowOf(CommandId::kCompletion)) ==
        "release completion bash|zsh|fish");
}

}  // namespace release
