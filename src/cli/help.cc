#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/screen.h"

namespace release {
namespace {

// The columns at which the explanations of options and of commands begin.
constexpr std::size_t kOptionHelp = 26;
constexpr std::size_t kCommandHelp = 14;
constexpr Screen kPage{.columns = 80};

constexpr char kDescription[] =
    "Puts a new version of a service live without interrupting it, and takes "
    "it\nback in milliseconds.\n";

// By the number of the status.
constexpr std::string_view kExitWords[] = {
    "done",
    "failed, nothing changed",
    "usage or configuration error",
    "archive refused",
    "failed after the switch and undone",
    "manual intervention required",
    "busy",
    "no such release",
    "verify, status or check found a problem"};
static_assert(std::size(kExitWords) ==
              static_cast<std::size_t>(Exit::kFoundWrong) + 1);

constexpr char kCommandFooter[] =
    "Options of every command and exit statuses: release --help.\n";

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

std::string Bracketed(const std::string& text, Presence presence) {
  return presence == Presence::kRequired ? text : "[" + text + "]";
}

// "ARCHIVE", "VERSION...", "bash|zsh|fish".
std::string TermOf(const OperandRow& row) {
  const std::string name =
      row.words.empty() ? Upper(row.name) : std::string(row.words);
  return name + (row.repeat == Repeat::kMany ? "..." : "");
}

// "--version V", "--wait[=DURATION]".
std::string TermOf(const OptionRow& row) {
  if (row.kind == ValueKind::kFlag) return std::string(row.name);
  if (row.kind == ValueKind::kMaybeDuration) {
    return fmt::format("{}[={}]", row.name, row.placeholder);
  }
  return fmt::format("{} {}", row.name, row.placeholder);
}

std::string Line(const std::string& term, std::string_view help,
                 std::size_t column = kOptionHelp) {
  const std::string words = Wrapped(kPage, help, column);
  // A term that reaches into the explanations gets a line of its own.
  if (term.size() + 4 > column) {
    return fmt::format("  {}\n{:<{}}{}\n", term, "", column, words);
  }
  return fmt::format("  {:<{}}{}\n", term, column - 2, words);
}

std::string OptionLines(std::span<const OptionRow> rows) {
  std::string text;
  for (const OptionRow& row : rows) {
    const std::string term = TermOf(row);
    text += Line(row.letter.empty() ? "    " + term
                                    : fmt::format("{}, {}", row.letter, term),
                 row.help);
  }
  return text;
}

template <typename Visit>
void ForEachInGroup(CommandGroup group, const Visit& visit) {
  for (const CommandRow& row : CommandRows()) {
    if (row.group == group) visit(row);
  }
}

std::string Footer() {
  std::string statuses = "Exit status:";
  for (std::size_t i = 0; i < std::size(kExitWords); ++i) {
    statuses += fmt::format("{} {} {}", i == 0 ? "" : ";", i, kExitWords[i]);
  }
  return "The options may stand before the command or after it.\n\n" +
         Wrapped(kPage, statuses + ". See release(8).", 0) + "\n";
}

}  // namespace

std::string ShortHelp() {
  constexpr std::size_t kNames = 22;
  std::string text =
      fmt::format("{}\nUsage: release [options] COMMAND\n\n", kDescription);
  for (const CommandGroup group : kCommandGroups) {
    std::string names;
    ForEachInGroup(group, [&](const CommandRow& row) {
      names += (names.empty() ? "" : "  ") + std::string(row.name());
    });
    text += fmt::format("  {:<{}}{}\n", GroupName(group), kNames,
                        Wrapped(kPage, names, kNames + 2));
  }
  return text +
         "\n`release help COMMAND` explains one, `release --help` lists the "
         "options.\n";
}

std::string FullHelp() {
  std::string text =
      fmt::format("{}\nUsage: release [options] COMMAND\n", kDescription);
  for (const CommandGroup group : kCommandGroups) {
    text += fmt::format("\n{}:\n", GroupName(group));
    ForEachInGroup(group, [&](const CommandRow& row) {
      text += Line(std::string(row.name()), row.help, kCommandHelp);
    });
  }
  text += "\nOptions:\n" + OptionLines(GlobalRows());
  text += Line("-h, --help", "Print this help, or that of the command");
  text += Line("-V, --version", "Print the version of the program");
  return text + "\n" + Footer();
}

std::string CommandHelp(const CommandRow& row) {
  std::string text = fmt::format("{}.\n\nUsage: {}\n", row.help,
                                 Wrapped(kPage, UsageOf(row), 7));
  if (!row.operands.empty()) text += "\nArguments:\n";
  for (const OperandRow& operand : row.operands) {
    text += Line(TermOf(operand), operand.help);
  }
  if (!row.options.empty()) text += "\nOptions:\n" + OptionLines(row.options);
  return text +
         fmt::format("\nExample:\n{}\n\n{}", row.example, kCommandFooter);
}

std::string_view ExitWords(Exit exit) {
  return kExitWords[static_cast<std::size_t>(exit)];
}

std::string UsageOf(const CommandRow& row) {
  std::string usage = fmt::format("release {}", row.name());
  for (const OperandRow& operand : row.operands) {
    usage += " " + Bracketed(TermOf(operand), operand.presence);
  }
  for (const OptionRow& option : row.options) {
    usage += " " + Bracketed(TermOf(option), option.presence);
  }
  return usage;
}

}  // namespace release
