#include "cli/serve_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "base/version.h"
#include "cli/screen.h"
#include "trust/checksum_file.h"

namespace release {
namespace {

// Linux limits one environment variable to 128 KiB, so sshd cannot pass more.
constexpr std::size_t kMaxLine = 128 * 1024;
constexpr std::size_t kMaxText = 256;

// A text such as a reason may have these beside letters and digits: nothing
// that a shell or a terminal would interpret.
constexpr std::string_view kTextSigns = " .,:_+~-/#()@%=!?";

// The limit for a command that takes many operands.
constexpr std::size_t kMaxOperands = 16;

const CommandRow* FindServed(std::string_view name) {
  const CommandRow* row = FindCommand(name);
  return row == nullptr || row->served == Served::kNo ? nullptr : row;
}

const OptionRow* FindServedOption(const CommandRow& row,
                                  std::string_view name) {
  for (const auto rows : {row.options, GlobalRows()}) {
    const OptionRow* option = FindOption(rows, name);
    if (option == nullptr) continue;
    const bool fits =
        option->served == Served::kYes ||
        (option->served == Served::kChange && row.served == Served::kChange);
    return fits ? option : nullptr;
  }
  return nullptr;
}

[[noreturn]] void Fail(const std::string& reason) {
  throw Error(ErrorCode::kUsage,
              fmt::format("cannot serve this command: {}", reason));
}

// Quotes a word for a message; cuts a long one.
std::string Shown(std::string_view word) {
  constexpr std::size_t kShown = 64;
  return Quoted(word.substr(0, kShown)) + (word.size() > kShown ? "..." : "");
}

bool IsText(std::string_view text) {
  return !text.empty() && text.size() <= kMaxText && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlnum(c) || kTextSigns.find(c) != kTextSigns.npos;
         });
}

bool IsCount(std::string_view text) {
  return text.size() <= 6 && ParseCount(text).has_value();
}

// Returns the decoded value, or nullopt if `serve` does not accept it. Kinds
// that are not listed here are never accepted, so no value can be a path.
std::optional<std::string> ReadValue(ValueKind kind, std::string_view text) {
  const auto if_true = [&](bool fits) {
    return fits ? std::optional<std::string>(text) : std::nullopt;
  };
  switch (kind) {
    case ValueKind::kArchive:
      return if_true(text == "-");
    case ValueKind::kVersion:
    case ValueKind::kNewVersion:
    case ValueKind::kName:
      return if_true(Version::Parse(text).has_value());
    case ValueKind::kLive:
      return if_true(text == "-" || Version::Parse(text).has_value());
    case ValueKind::kSha256:
      return ParseSha256(text);
    case ValueKind::kDuration:
    case ValueKind::kMaybeDuration:
      return if_true(ParseDuration(text).has_value());
    case ValueKind::kMoment:
      return if_true(ParseMoment({}, std::string(text)).has_value());
    case ValueKind::kCount:
      return if_true(IsCount(text));
    case ValueKind::kText:
      return if_true(IsText(text));
    case ValueKind::kFile:
      return DecodeBase64(text);
    default:
      return std::nullopt;
  }
}

// Takes a word from the beginning of the line. In quotes it may have blanks.
std::string_view TakeWord(std::string_view* line) {
  const bool quoted = line->starts_with('"') || line->starts_with('\'');
  const char end_sign = quoted ? line->front() : ' ';
  if (quoted) line->remove_prefix(1);
  const std::size_t end = line->find(end_sign);
  if (quoted && end == line->npos) Fail("a quote is not closed");
  const std::string_view word = line->substr(0, end);
  if (word.empty()) Fail("its words must be separated by one space each");
  const char least = quoted ? ' ' : '!';
  const bool plain = std::all_of(
      word.begin(), word.end(), [&](char c) { return c >= least && c <= '~'; });
  if (!plain) Fail(fmt::format("{} is not a plain word", Shown(word)));
  line->remove_prefix(std::min(end, line->size()) + (quoted ? 1 : 0));
  return word;
}

std::vector<std::string_view> SplitWords(std::string_view line) {
  if (line.empty()) Fail("it is empty; an interactive login is not served");
  if (line.size() > kMaxLine) {
    Fail(fmt::format("it is longer than {} bytes", kMaxLine));
  }
  std::vector<std::string_view> words;
  while (true) {
    words.push_back(TakeWord(&line));
    if (line.empty()) break;
    if (line.front() != ' ') Fail("a blank must follow a quoted word");
    line.remove_prefix(1);
  }
  // People keep the line that they would type on the host.
  if (words[0] == "release") words.erase(words.begin());
  if (words.empty()) Fail("it names no command");
  return words;
}

// Returns the index of the command: global options may stand before it.
std::size_t IndexOfCommand(const std::vector<std::string_view>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with('-')) return i;
    const OptionRow* option = FindOption(GlobalRows(), words[i]);
    if (option == nullptr) {
      Fail(fmt::format("there is no option {} here", Shown(words[i])));
    }
    if (option->kind != ValueKind::kFlag) ++i;
  }
  Fail("it names no command");
}

// Parses the words from left to right and stops at the first error. The command
// table says which options and operands the command has, as for the ordinary
// command line; `served` says which of them a restricted key may use.
class ServeParser {
 public:
  ServeParser(std::string_view line, std::string_view app)
      : words_(SplitWords(line)), app_(app) {}

  CommandWords Parse() {
    command_ = IndexOfCommand(words_);
    row_ = FindServed(words_[command_]);
    if (row_ == nullptr) {
      Fail(fmt::format("{} is not a command that can be served",
                       Shown(words_[command_])));
    }
    parsed_.command = row_->command;
    parsed_.files = FileValue::kContent;
    for (at_ = 0; at_ < words_.size(); ++at_) {
      if (at_ == command_) continue;
      if (words_[at_].starts_with('-') && words_[at_] != "-") {
        TakeOption();
      } else {
        TakeOperand();
      }
    }
    const std::size_t given = parsed_.operands.size();
    if (given < row_->operands.size() &&
        row_->operands[given].presence == Presence::kRequired) {
      Fail(row_->operands[given].kind == ValueKind::kArchive
               ? fmt::format("{} needs -, for standard input", row_->name())
               : fmt::format("{} needs a version", row_->name()));
    }
    return std::move(parsed_);
  }

 private:
  void TakeOption() {
    const std::string_view name = words_[at_];
    if (name == "--app" || name == "-a") return TakeApp();
    const OptionRow* option = FindServedOption(*row_, name);
    if (option == nullptr) {
      Fail(fmt::format("{} has no option {} here", row_->name(), Shown(name)));
    }
    std::string value;
    if (option->kind != ValueKind::kFlag) {
      if (++at_ == words_.size()) Fail(fmt::format("{} needs a value", name));
      auto read = ReadValue(option->kind, words_[at_]);
      if (!read) {
        Fail(fmt::format("{} is not a value for {}", Shown(words_[at_]), name));
      }
      value = std::move(*read);
    }
    if (!parsed_.options.try_emplace(option->option, 1, value).second) {
      Fail(fmt::format("{} is given twice", name));
    }
  }

  // The key decides which app is meant. To name that one changes nothing.
  void TakeApp() {
    if (++at_ == words_.size()) Fail("--app needs a value");
    if (!app_.empty() && words_[at_] == app_) return;
    Fail(fmt::format("this key is not for the app {}", Shown(words_[at_])));
  }

  void TakeOperand() {
    std::optional<std::string> value;
    if (const OperandRow* operand = NextOperand()) {
      value = ReadValue(operand->kind, words_[at_]);
    }
    // Otherwise the second word of a reason without quotes would be a version.
    const bool late = at_ != command_ + 1 + parsed_.operands.size();
    if (!value || late) {
      Fail(fmt::format("{} does not take {}{}", row_->name(),
                       Shown(words_[at_]),
                       late ? " after an option; a value with blanks needs "
                              "quotes that reach this host, as in "
                              "--reason '\"too slow\"'"
                            : ""));
    }
    parsed_.operands.push_back(*value);
  }

  // Null if the command takes no further operand.
  const OperandRow* NextOperand() const {
    const std::size_t given = parsed_.operands.size();
    if (given < row_->operands.size()) return &row_->operands[given];
    if (row_->operands.empty() || given >= kMaxOperands) return nullptr;
    const OperandRow& last = row_->operands.back();
    return last.repeat == Repeat::kMany ? &last : nullptr;
  }

  std::vector<std::string_view> words_;
  std::string_view app_;
  std::size_t command_ = 0;
  std::size_t at_ = 0;
  const CommandRow* row_ = nullptr;
  CommandWords parsed_;
};

}  // namespace

CommandWords ParseServeWords(std::string_view line, std::string_view app) {
  return ServeParser(line, app).Parse();
}

bool AsksForHelp(std::string_view line) {
  return SplitWords(line)[0] == "help";
}

std::vector<std::string> ServedCommands() {
  std::vector<std::string> names;
  for (const CommandRow& row : CommandRows()) {
    if (row.served != Served::kNo) names.emplace_back(row.name());
  }
  return names;
}

std::set<std::string> ParseAllowed(std::string_view list) {
  std::set<std::string> allowed;
  while (true) {
    const std::size_t end = list.find(',');
    const std::string_view command = list.substr(0, end);
    if (FindServed(command) == nullptr) {
      throw Error(
          ErrorCode::kUsage,
          fmt::format("cannot allow {}: the commands that can be served are {}",
                      Quoted(command), fmt::join(ServedCommands(), ", ")));
    }
    allowed.emplace(command);
    if (end == list.npos) return allowed;
    list.remove_prefix(end + 1);
  }
}

}  // namespace release
