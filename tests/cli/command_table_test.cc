#include "cli/command_table.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "support/archives.h"

namespace release {
namespace {

// mdoc has "-version" after Fl for "--version".
std::string Flag(const OptionRow& row) {
  const std::string_view name = row.letter.empty() ? row.name : row.letter;
  std::string flag = fmt::format("Fl {}", name.substr(1));
  if (!row.placeholder.empty()) flag += fmt::format(" Ar {}", row.placeholder);
  return flag;
}

std::string Words(std::string_view words) {
  std::string line = "Cm";
  for (const std::string& word : WordsOf(words)) {
    line += (line == "Cm" ? " " : " Ns | Ns Cm ") + word;
  }
  return line;
}

// The lines of the synopsis below the command's name.
std::string Tail(const CommandRow& row) {
  std::string tail;
  const auto add = [&](Presence presence, const std::string& line) {
    tail += presence == Presence::kRequired ? "." : ".Op ";
    tail += line + "\n";
  };
  for (const OperandRow& operand : row.operands) {
    const char* more = operand.repeat == Repeat::kMany ? " ..." : "";
    add(operand.presence, operand.words.empty()
                              ? fmt::format("Ar {}{}", operand.name, more)
                              : Words(operand.words));
  }
  for (const OptionRow& option : row.options) {
    add(option.presence, Flag(option));
  }
  return tail;
}

// Each command has a form of its own, so that a search for its name finds it.
std::string Synopsis() {
  std::string synopsis;
  for (const CommandRow& row : CommandRows()) {
    synopsis +=
        fmt::format(".Nm\n.Op Ar options\n.Cm {}\n{}", row.name(), Tail(row));
  }
  return synopsis;
}

std::string Section(const std::string& manual, const std::string& name) {
  const std::string head = ".Sh " + name + "\n";
  const std::size_t begin = manual.find(head);
  REQUIRE(begin != std::string::npos);
  const std::size_t from = begin + head.size();
  return manual.substr(from, manual.find(".Sh ", from) - from);
}

}  // namespace

TEST_CASE("the synopsis of release(8) is that of the table") {
  const std::string manual = Slurp(RELEASE_SOURCE_DIR "/docs/release.8");
  CHECK(Section(manual, "SYNOPSIS") == Synopsis());
}

TEST_CASE("release(8) explains each option of the table") {
  const std::string options =
      Section(Slurp(RELEASE_SOURCE_DIR "/docs/release.8"), "OPTIONS");
  const auto check = [&](const OptionRow& row) {
    const std::string name = fmt::format("Fl {}", row.name.substr(1));
    CHECK_MESSAGE(options.find(name) != std::string::npos, row.name);
    if (row.letter.empty()) return;
    const std::string both =
        fmt::format(".It Fl {} , {}", row.letter.substr(1), name);
    CHECK_MESSAGE(options.find(both) != std::string::npos, row.name);
  };
  for (const OptionRow& row : GlobalRows()) check(row);
  for (const CommandRow& command : CommandRows()) {
    for (const OptionRow& row : command.options) check(row);
  }
}

TEST_CASE("names are unique and well-formed") {
  std::set<std::string_view> commands;
  for (const CommandRow& row : CommandRows()) {
    CAPTURE(row.name());
    CHECK(commands.insert(row.name()).second);
    CHECK(&RowOf(row.command) == &row);
    CHECK(FindCommand(row.name()) == &row);
    std::set<std::string_view> options;
    for (const auto rows : {row.options, GlobalRows()}) {
      for (const OptionRow& option : rows) {
        CAPTURE(option.name);
        CHECK(options.insert(option.name).second);
        CHECK(option.name.starts_with("--"));
        CHECK((option.letter.empty() || option.letter.size() == 2));
        CHECK((option.kind == ValueKind::kFlag) == option.placeholder.empty());
      }
    }
  }
  CHECK(FindCommand("bogus") == nullptr);
  CHECK(FindCommand("") == nullptr);
}

TEST_CASE("an option is found by its name or its letter") {
  const CommandRow& history = RowOf(CommandId::kHistory);
  CHECK(FindOption(history.options, "-n")->option == Option::kCount);
  CHECK(FindOption(GlobalRows(), "-n")->option == Option::kDryRun);
  CHECK(FindOption(history.options, "--follow")->option == Option::kFollow);
  CHECK(FindOption(history.options, "") == nullptr);
  CHECK(FindOption(history.options, "--json") == nullptr);
  CHECK(FindOption(RowOf(CommandId::kStage).options, "--confirm-within") ==
        nullptr);
}

TEST_CASE("lists of words and counts are read") {
  CHECK(WordsOf("a|b") == std::vector<std::string>{"a", "b"});
  CHECK(WordsOf("a") == std::vector<std::string>{"a"});
  CHECK(ParseCount("0") == 0U);
  CHECK(ParseCount("20") == 20U);
  for (const char* text : {"", "-1", "+1", "1x", " 1", "99999999999"}) {
    CHECK_MESSAGE(!ParseCount(text), text);
  }
}

TEST_CASE("parsed words answer for options and operands that are missing") {
  const CommandWords words{.command = CommandId::kDiff,
                           .operands = {"1"},
                           .options = {{Option::kJson, {""}}}};
  CHECK(words.Operand(0) == "1");
  CHECK(words.Operand(1).empty());
  CHECK(words.Has(Option::kJson));
  CHECK_FALSE(words.Has(Option::kQuiet));
  CHECK(words.Value(Option::kApp).empty());
}

}  // namespace release
