#include "cli/candidates.h"

#include <exception>

#include "cli/serve_words.h"
#include "cli/session.h"
#include "os/posix_fs.h"
#include "os/startup.h"
#include "store/releases.h"

namespace release {
namespace {

// Reads the words in front of the one being typed, then answers for that one.
// It accepts every line: an unfinished command is the normal case here.
//
// Bash splits "--color=al" into three words, zsh and fish pass it as one. In
// the first case the candidate is the bare value, in the second it begins with
// "--color=".
class Completer {
 public:
  explicit Completer(const HostNames& host) : host_(host) {}

  // Reads a word in front of the one being typed.
  void Take(const std::string& word) {
    if (word == "=" && before_ != nullptr) {
      pending_ = before_;
      before_ = nullptr;
      return;
    }
    before_ = nullptr;
    if (pending_ != nullptr) {
      words_.options[pending_->option] = {word};
      pending_ = nullptr;
    } else if (word.starts_with('-') && word.size() > 1) {
      TakeOption(word);
    } else if (command_ == nullptr) {
      command_ = FindCommand(word);
    } else {
      ++operands_;
    }
  }

  // Returns the candidates for the word being typed. Call once.
  std::vector<std::string> Answer(const std::string& word) {
    if (word == "=" && before_ != nullptr) {
      AddValues(before_->kind, before_->placeholder, "", "");
    } else if (pending_ != nullptr) {
      AddValues(pending_->kind, pending_->placeholder, "", word);
    } else if (word.starts_with('-')) {
      AnswerOption(word);
    } else if (command_ == nullptr) {
      for (const CommandRow& row : CommandRows()) {
        Add("", row.name(), word, row.help);
      }
    } else if (const OperandRow* operand = NextOperand()) {
      AddValues(operand->kind, operand->words, "", word);
    }
    return std::move(lines_);
  }

 private:
  // A command's own option hides a global one of the same letter.
  const OptionRow* Find(std::string_view name) const {
    const OptionRow* own =
        command_ == nullptr ? nullptr : FindOption(command_->options, name);
    return own != nullptr ? own : FindOption(GlobalRows(), name);
  }

  void TakeOption(const std::string& word) {
    const std::size_t equals = word.find('=');
    const OptionRow* option = Find(word.substr(0, equals));
    if (option == nullptr) return;
    if (equals != word.npos) {
      words_.options[option->option] = {word.substr(equals + 1)};
    } else if (option->kind == ValueKind::kMaybeDuration) {
      // Takes a value only after "=", so the next word is not its value.
      before_ = option;
    } else if (option->kind != ValueKind::kFlag) {
      before_ = pending_ = option;
    }
  }

  void AnswerOption(const std::string& word) {
    const std::size_t equals = word.find('=');
    if (equals != word.npos) {
      const OptionRow* option = Find(word.substr(0, equals));
      if (option == nullptr) return;
      AddValues(option->kind, option->placeholder, word.substr(0, equals + 1),
                word.substr(equals + 1));
      return;
    }
    if (command_ != nullptr) {
      for (const OptionRow& row : command_->options) {
        Add("", row.name, word, row.help);
      }
    }
    for (const OptionRow& row : GlobalRows()) Add("", row.name, word, row.help);
    Add("", "--help", word, "Print help");
  }

  // Null if the command takes no further operand.
  const OperandRow* NextOperand() const {
    const auto rows = command_->operands;
    if (operands_ < rows.size()) return &rows[operands_];
    const bool many = !rows.empty() && rows.back().repeat == Repeat::kMany;
    return many ? &rows.back() : nullptr;
  }

  // `head` is the part of the word in front of the value, e.g. "--color=";
  // `typed` is the beginning of the value.
  void AddValues(ValueKind kind, std::string_view words,
                 const std::string& head, const std::string& typed) {
    switch (kind) {
      case ValueKind::kWord:
        return AddAll(head, WordsOf(words), typed);
      case ValueKind::kApp:
        return AddAll(head, host_.apps(), typed);
      case ValueKind::kVersion:
      case ValueKind::kLive: {
        GlobalOptions global;
        TakeGlobals(words_, &global);
        return AddAll(head, host_.versions(global), typed);
      }
      case ValueKind::kServedCommands: {
        // Only the command after the last comma is being typed.
        const std::size_t last = typed.rfind(',') + 1;
        return AddAll(head + typed.substr(0, last), ServedCommands(),
                      typed.substr(last));
      }
      case ValueKind::kFile:
      case ValueKind::kArchive:
        lines_.emplace_back(":files");
        return;
      case ValueKind::kDirectory:
        lines_.emplace_back(":directories");
        return;
      default:  // free text
        return;
    }
  }

  void AddAll(const std::string& head, const std::vector<std::string>& values,
              const std::string& typed) {
    for (const std::string& value : values) Add(head, value, typed, "");
  }

  void Add(const std::string& head, std::string_view value,
           const std::string& typed, std::string_view help) {
    if (!value.starts_with(typed)) return;
    std::string line = head + std::string(value);
    // A help text may have two lines, but a candidate must have only one.
    if (!help.empty())
      line.append("\t").append(help.substr(0, help.find('\n')));
    lines_.push_back(std::move(line));
  }

  const HostNames& host_;
  const CommandRow* command_ = nullptr;
  const OptionRow* before_ = nullptr;   // the last word; "=" may follow
  const OptionRow* pending_ = nullptr;  // the next word is its value
  std::size_t operands_ = 0;
  CommandWords words_;
  std::vector<std::string> lines_;
};

std::vector<std::string> VersionsOf(const GlobalOptions& global) {
  PosixFs fs(LoadConfig(global).root);
  std::vector<std::string> names;
  for (const Version& version : ListReleases(&fs).versions) {
    names.push_back(version.name());
  }
  return names;
}

}  // namespace

std::vector<std::string> Candidates(const std::vector<std::string>& words,
                                    const HostNames& host) {
  if (words.empty()) return {};
  Completer completer(host);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) completer.Take(words[i]);
  return completer.Answer(words.back());
}

int PrintCandidates(const std::vector<std::string>& words) {
  try {
    std::string text;
    for (const std::string& line :
         Candidates(words, {.apps = ConfiguredApps, .versions = VersionsOf})) {
      text += line + "\n";
    }
    WriteOut(text);
  } catch (const std::exception&) {
    // Without a configuration or a root there are no names to complete.
  }
  return 0;
}

}  // namespace release
