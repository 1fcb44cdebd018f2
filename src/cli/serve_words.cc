#include "cli/serve_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "base/version.h"
#include "trust/checksum_file.h"

namespace release {
namespace {

// What one variable of an environment can hold.
constexpr std::size_t kMaxLine = 128 * 1024;
constexpr std::size_t kMaxReason = 128;

enum class Form {
  kFlag,
  kDash,
  kVersion,
  kSha256,
  kDuration,
  kCount,
  kWord,
  kBase64
};

struct Option {
  std::string_view name;
  Form form;
};

struct Row {
  std::string_view command;
  bool changes;  // takes --dry-run and --wait
  Form operand;
  std::size_t least;  // operands
  std::size_t most;
  std::vector<Option> options;
};

const std::vector<Option> kArchive = {{"--version", Form::kVersion},
                                      {"--sha256", Form::kSha256},
                                      {"--attestation", Form::kBase64},
                                      {"--signature", Form::kBase64}};

std::vector<Option> With(std::vector<Option> options, Option more) {
  options.push_back(more);
  return options;
}

const std::vector<Row>& Rows() {
  constexpr Option kConfirm = {"--confirm-within", Form::kDuration};
  static const std::vector<Row> rows = {
      {"deploy", true, Form::kDash, 1, 1, With(kArchive, kConfirm)},
      {"stage", true, Form::kDash, 1, 1, kArchive},
      {"activate", true, Form::kVersion, 1, 1, {kConfirm}},
      {"rollback", true, Form::kVersion, 0, 1, {{"--reason", Form::kWord}}},
      {"prune", true, Form::kVersion, 0, 0, {}},
      {"pin", true, Form::kVersion, 1, 1, {}},
      {"unpin", true, Form::kVersion, 1, 1, {}},
      {"recover", true, Form::kVersion, 0, 0, {}},
      {"confirm", true, Form::kVersion, 0, 0, {}},
      {"abort", true, Form::kVersion, 0, 0, {}},
      {"list", false, Form::kVersion, 0, 0, {}},
      {"status", false, Form::kVersion, 0, 0, {{"--check", Form::kFlag}}},
      {"history", false, Form::kVersion, 0, 0, {{"--count", Form::kCount}}},
      {"verify", false, Form::kVersion, 0, 16, {{"--all", Form::kFlag}}},
      {"diff", false, Form::kVersion, 1, 2, {}}};
  return rows;
}

const Row* FindRow(std::string_view command) {
  for (const Row& row : Rows()) {
    if (row.command == command) return &row;
  }
  return nullptr;
}

const Option* FindOption(const Row& row, std::string_view name) {
  static const Option common[] = {{"--json", Form::kFlag},
                                  {"--quiet", Form::kFlag}};
  static const Option changing[] = {{"--dry-run", Form::kFlag},
                                    {"--wait", Form::kDuration}};
  for (const Option& option : row.options) {
    if (option.name == name) return &option;
  }
  for (const Option& option : common) {
    if (option.name == name) return &option;
  }
  for (const Option& option : changing) {
    if (row.changes && option.name == name) return &option;
  }
  return nullptr;
}

[[noreturn]] void Fail(const std::string& reason) {
  throw Error(ErrorCode::kUsage,
              fmt::format("cannot serve this command: {}", reason));
}

// Long words are told by their beginning.
std::string Shown(std::string_view word) {
  constexpr std::size_t kShown = 64;
  return Quoted(word.substr(0, kShown)) + (word.size() > kShown ? "..." : "");
}

bool IsWord(std::string_view text) {
  return text.size() <= kMaxReason && Version::Parse(text).has_value();
}

// The value as it is used; nothing where it is not of that form.
std::optional<std::string> ReadValue(Form form, std::string_view text) {
  const auto as_it_is = [&](bool fits) {
    return fits ? std::optional<std::string>(text) : std::nullopt;
  };
  switch (form) {
    case Form::kFlag:
      return std::nullopt;
    case Form::kDash:
      return as_it_is(text == "-");
    case Form::kVersion:
      return as_it_is(Version::Parse(text).has_value());
    case Form::kSha256:
      return ParseSha256(text);
    case Form::kDuration:
      return as_it_is(ParseDuration(text).has_value());
    case Form::kCount:
      return as_it_is(!text.empty() && text.size() <= 6 &&
                      std::all_of(text.begin(), text.end(),
                                  [](char c) { return c >= '0' && c <= '9'; }));
    case Form::kWord:
      return as_it_is(IsWord(text));
    case Form::kBase64:
      return DecodeBase64(text);
  }
  return std::nullopt;
}

std::vector<std::string_view> SplitWords(std::string_view line) {
  if (line.empty()) Fail("there is none; an interactive login is not served");
  if (line.size() > kMaxLine) {
    Fail(fmt::format("it is longer than {} bytes", kMaxLine));
  }
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t end = line.find(' ');
    const std::string_view word = line.substr(0, end);
    if (word.empty()) Fail("its words must have one blank between them");
    const bool plain = std::all_of(word.begin(), word.end(),
                                   [](char c) { return c > ' ' && c <= '~'; });
    if (!plain) Fail(fmt::format("{} is no plain word", Shown(word)));
    words.push_back(word);
    if (end == line.npos) return words;
    line.remove_prefix(end + 1);
  }
}

class ServeParser {
 public:
  explicit ServeParser(std::string_view line) : words_(SplitWords(line)) {}

  ServeWords Parse() {
    const Row* row = FindRow(words_[0]);
    if (row == nullptr) {
      Fail(fmt::format("there is no {} to serve", Shown(words_[0])));
    }
    parsed_.command = words_[0];
    for (at_ = 1; at_ < words_.size(); ++at_) {
      if (words_[at_].starts_with("--")) {
        TakeOption(*row);
      } else {
        TakeOperand(*row);
      }
    }
    if (parsed_.operands.size() < row->least) {
      Fail(row->operand == Form::kDash
               ? fmt::format("{} needs -, for standard input", row->command)
               : fmt::format("{} needs a version", row->command));
    }
    return std::move(parsed_);
  }

 private:
  void TakeOption(const Row& row) {
    const std::string name(words_[at_]);
    const Option* option = FindOption(row, name);
    if (option == nullptr) {
      Fail(fmt::format("{} has no option {} here", row.command, Shown(name)));
    }
    std::string value;
    if (option->form != Form::kFlag) {
      if (++at_ == words_.size()) Fail(fmt::format("{} needs a value", name));
      auto read = ReadValue(option->form, words_[at_]);
      if (!read) {
        Fail(fmt::format("{} is no value for {}", Shown(words_[at_]), name));
      }
      value = std::move(*read);
    }
    if (!parsed_.options.emplace(name, std::move(value)).second) {
      Fail(fmt::format("{} is there twice", name));
    }
  }

  void TakeOperand(const Row& row) {
    const auto value = ReadValue(row.operand, words_[at_]);
    const bool room = parsed_.operands.size() < row.most;
    if (!value || !room || !parsed_.options.empty()) {
      Fail(fmt::format("{} does not take {}{}", row.command, Shown(words_[at_]),
                       parsed_.options.empty() ? "" : " after an option"));
    }
    parsed_.operands.push_back(*value);
  }

  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
  ServeWords parsed_;
};

}  // namespace

std::string ServeWords::Value(const std::string& option) const {
  const auto it = options.find(option);
  return it == options.end() ? "" : it->second;
}

ServeWords ParseServeWords(std::string_view line) {
  return ServeParser(line).Parse();
}

std::set<std::string> ParseAllowed(std::string_view list) {
  std::set<std::string> allowed;
  while (true) {
    const std::size_t end = list.find(',');
    const std::string_view command = list.substr(0, end);
    if (FindRow(command) == nullptr) {
      std::vector<std::string_view> names;
      for (const Row& row : Rows()) names.push_back(row.command);
      throw Error(ErrorCode::kUsage,
                  fmt::format("cannot allow {}: what can be served is {}",
                              Quoted(command), fmt::join(names, ", ")));
    }
    allowed.emplace(command);
    if (end == list.npos) return allowed;
    list.remove_prefix(end + 1);
  }
}

}  // namespace release
