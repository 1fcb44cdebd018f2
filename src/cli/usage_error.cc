#include "cli/usage_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/suggestion.h"
#include "base/text.h"
#include "base/units.h"
#include "base/version.h"
#include "cli/help.h"
#include "cli/screen.h"

namespace release {
namespace {

void AddNames(std::span<const OptionRow> rows,
              std::vector<std::string>* names) {
  for (const OptionRow& row : rows) names->emplace_back(row.name);
}

std::string WithUsage(const CommandRow& row, const std::string& reason) {
  return fmt::format("{}\nusage: {}", reason, UsageOf(row));
}

}  // namespace

std::string UnknownWord(const std::string& word) {
  if (word == "--version") return "--version stands alone here";
  std::vector<std::string> names;
  const bool option = word.starts_with("-");
  if (option) {
    AddNames(GlobalRows(), &names);
  } else {
    for (const CommandRow& row : CommandRows()) names.emplace_back(row.name());
  }
  return fmt::format("there is no {} {}{}", option ? "option" : "command",
                     Quoted(word), DidYouMean(word, names));
}

std::string UnexpectedWord(const CommandRow& row, const std::string& word) {
  if (!word.starts_with("-") || word == "-") {
    return WithUsage(
        row, fmt::format("{} does not take {}", row.name(), Quoted(word)));
  }
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> names;
  AddNames(row.options, &names);
  AddNames(GlobalRows(), &names);
  return WithUsage(row, fmt::format("{} has no option {}{}", row.name(),
                                    Quoted(name), DidYouMean(name, names)));
}

std::string MissingWord(const CommandRow& row, std::size_t operands) {
  if (operands < row.operands.size() &&
      row.operands[operands].presence == Presence::kRequired) {
    return WithUsage(
        row, fmt::format("{} needs {} {}", row.name(),
                         row.operands[operands].name == "archive" ? "an" : "a",
                         row.operands[operands].name));
  }
  const auto required = std::find_if(
      row.options.begin(), row.options.end(), [](const OptionRow& option) {
        return option.presence == Presence::kRequired;
      });
  return WithUsage(
      row, required == row.options.end()
               ? std::string("something is missing")
               : fmt::format("{} needs {}", row.name(), required->name));
}

std::string WhyNotValue(ValueKind kind, std::string_view words,
                        const std::string& text) {
  if (kind == ValueKind::kDuration && !ParseDuration(text)) {
    return fmt::format("{} is not a duration (30s, 10m, 1h30m)", Quoted(text));
  }
  if (kind == ValueKind::kMoment && !ParseMoment({}, std::string(text))) {
    return fmt::format("{} is neither a duration (2h) nor a date (2026-11-23)",
                       Quoted(text));
  }
  if (kind == ValueKind::kCount && !ParseCount(text)) {
    return fmt::format("{} is not a number", Quoted(text));
  }
  if (kind == ValueKind::kName && !Version::Parse(text)) {
    return fmt::format(
        "{} is not a name of at most 128 letters, digits and "
        "._+~- that begins with a letter or digit",
        Quoted(text));
  }
  if (kind == ValueKind::kLive && text != "-" && !Version::Parse(text)) {
    return fmt::format("{} is neither a version nor -", Quoted(text));
  }
  if (kind != ValueKind::kWord) return "";
  const std::vector<std::string> known = WordsOf(words);
  if (std::find(known.begin(), known.end(), text) != known.end()) return "";
  return fmt::format("{} is none of {}", Quoted(text), fmt::join(known, ", "));
}

}  // namespace release
