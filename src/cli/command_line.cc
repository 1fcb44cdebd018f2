#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"
#include "cli/candidates.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/run_command.h"
#include "cli/session.h"
#include "cli/usage_error.h"
#include "cli/version_json.h"
#include "deploy/deployment_state.h"
#include "os/journal_stream.h"
#include "os/posix_fs.h"
#include "os/startup.h"

namespace release {
namespace {

constexpr std::string_view kHelp = "help";
char kHelpOption[] = "--help";

void CheckValue(const OptionRow& row, const std::string& text) {
  ValueKind kind = row.kind;
  if (kind == ValueKind::kMaybeDuration) {
    if (text.empty()) return;
    kind = ValueKind::kDuration;
  }
  const std::string reason = WhyNotValue(kind, row.placeholder, text);
  if (!reason.empty())
    throw CLI::ValidationError(std::string(row.name), reason);
}

CLI::Option* AddValueOption(CLI::App* app, const OptionRow& row,
                            const std::string& names, CommandWords* words) {
  const std::string help(row.help);
  if (row.repeat == Repeat::kMany) {
    return app
        ->add_option_function<std::vector<std::string>>(
            names,
            [&row, words](const std::vector<std::string>& values) {
              words->options[row.option] = values;
            },
            help)
        // Each --option takes one value; the next word may be an operand.
        ->allow_extra_args(false);
  }
  return app->add_option_function<std::string>(
      names,
      [&row, words](const std::string& value) {
        CheckValue(row, value);
        words->options[row.option] = {value};
      },
      help);
}

// Registers one row of the command table with CLI11. The callbacks keep
// references to `row` and `words`, which must outlive `app`.
void AddOption(CLI::App* app, const OptionRow& row, CommandWords* words) {
  const std::string names = row.letter.empty()
                                ? std::string(row.name)
                                : fmt::format("{},{}", row.letter, row.name);
  const std::string placeholder(row.placeholder);
  if (row.kind == ValueKind::kFlag) {
    app->add_flag_callback(
        names, [&row, words] { words->options[row.option] = {""}; },
        std::string(row.help));
    return;
  }
  CLI::Option* option = AddValueOption(app, row, names, words);
  if (row.kind == ValueKind::kMaybeDuration) {
    option->option_text("[=" + placeholder + "]")
        ->expected(0, 1)
        ->default_str("");
  } else {
    option->type_name(placeholder);
  }
  if (row.presence == Presence::kRequired) option->required();
}

void AddOptions(CLI::App* app, std::span<const OptionRow> rows,
                CommandWords* words) {
  for (const OptionRow& row : rows) AddOption(app, row, words);
  // Only now, as an option may need one that comes after it.
  for (const OptionRow& row : rows) {
    for (const OptionRow& needed : rows) {
      if (needed.option != row.needs) continue;
      app->get_option(std::string(row.name))
          ->needs(app->get_option(std::string(needed.name)));
    }
  }
}

void AddOperand(CLI::App* app, const OperandRow& row, CommandWords* words) {
  const std::string name(row.name), help(row.help);
  CLI::Option* option = nullptr;
  if (row.repeat == Repeat::kMany) {
    option = app->add_option_function<std::vector<std::string>>(
        name,
        [words](const std::vector<std::string>& values) {
          words->operands.insert(words->operands.end(), values.begin(),
                                 values.end());
        },
        help);
  } else {
    option = app->add_option_function<std::string>(
        name,
        [&row, words](const std::string& value) {
          const std::string reason = WhyNotValue(row.kind, row.words, value);
          if (!reason.empty()) {
            throw CLI::ValidationError(std::string(row.name), reason);
          }
          words->operands.push_back(value);
        },
        help);
  }
  if (row.presence == Presence::kRequired) option->required();
}

void AddCommand(CLI::App* app, const CommandRow& row, CommandWords* words) {
  CLI::App* command =
      app->add_subcommand(std::string(row.name()), std::string(row.help));
  // Global options may also follow the command.
  command->fallthrough();
  command->callback([&row, words] { words->command = row.command; });
  for (const OperandRow& operand : row.operands) {
    AddOperand(command, operand, words);
  }
  AddOptions(command, row.options, words);
}

// Returns the name of the live release for a message, or "" if it cannot be
// read. Does not throw: the first error is the one to report.
std::string LiveNow(const GlobalOptions& global) {
  try {
    PosixFs fs(LoadConfig(global).root);
    return ReadDeploymentState(&fs).CurrentName();
  } catch (const std::exception&) {
    return "";
  }
}

// Returns whether the command changes something below a root, so that its error
// must say that nothing has changed.
bool CanChange(CommandId command) {
  if (command == CommandId::kServe) return false;
  const CommandGroup group = RowOf(command).group;
  return group != CommandGroup::kLook && group != CommandGroup::kBuild;
}

// Ends the log of a failed unit with the verdict. systemctl itself only names a
// status as systemd does: "status=4/NOPERMISSION".
void SayExit(const GlobalOptions& global, CommandId command, int status) {
  const std::string live =
      RowOf(command).group == CommandGroup::kBuild ? "" : LiveNow(global);
  WriteErr(fmt::format(
      "exit status {}: {}{}\n", status, ExitWords(static_cast<Exit>(status)),
      live.empty() ? "" : "; " + Printable(live) + " is live"));
}

// Runs the command and turns every exception into a printed error and an exit
// status.
int RunReported(GlobalOptions global, CommandWords words) {
  const auto print = [&](const Error& error) {
    return PrintError(global, words.command, error,
                      CanChange(words.command) ? LiveNow(global) : "");
  };
  try {
    const int status = RunCommand(&global, &words);
    // The exit status is what became of the service, so this cannot change it.
    if (const Reason lost = LostOutput()) {
      WriteErr(
          fmt::format("warning: cannot print to standard output: {}\n", *lost));
    }
    return status;
  } catch (const Error& error) {
    return print(error);
  } catch (const std::exception& error) {
    return print(Error(ErrorCode::kInternal,
                       fmt::format("cannot go on: {}", error.what())));
  }
}

// Runs the command, prints how it ended, and returns its exit status.
int RunGuarded(CommandWords words) {
  GlobalOptions global;
  TakeGlobals(words, &global);
  if (global.json) global.subject = SubjectOf(global);
  const CommandId command = words.command;
  const int status = RunReported(global, std::move(words));
  if (status != 0 && ErrIsJournal()) SayExit(global, command, status);
  return status;
}

// Returns the command that was named, or null.
const CommandRow* GivenCommand(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? nullptr : FindCommand(commands.front()->get_name());
}

std::size_t OperandCount(const CommandRow& row, const CLI::App& command) {
  std::size_t count = 0;
  for (const OperandRow& operand : row.operands) {
    count += command.get_option(std::string(operand.name))->count();
  }
  return count;
}

// Returns the reason of a usage error, in the words of this program. CLI11
// reports a missing command before it looks at an unknown word, so that word is
// looked for here.
std::string ReasonOf(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> left = app.remaining(/*recurse=*/true);
  const CommandRow* row = GivenCommand(app);
  if (row == nullptr) return left.empty() ? "" : UnknownWord(left.front());
  if (!left.empty()) return UnexpectedWord(*row, left.front());
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return MissingWord(*row,
                       OperandCount(*row, *app.get_subcommands().front()));
  }
  const std::string words = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return words.substr(0, words.find(':')) + " needs a value";
  }
  return words;
}

int PrintUsageError(const CommandWords& words, const CLI::App& app,
                    const CLI::ParseError& error) {
  GlobalOptions global;
  TakeGlobals(words, &global);
  const std::string reason = ReasonOf(app, error);
  if (reason.empty() && !global.json) {
    WriteErr(ShortHelp());
    return static_cast<int>(Exit::kUsage);
  }
  return PrintError(
      global, CommandId::kNone,
      Error(ErrorCode::kUsage,
            fmt::format("cannot understand the command line: {}",
                        reason.empty() ? "a command is missing" : reason)),
      "");
}

// Returns the index of the word "help" if it stands where the command would, or
// 0.
int IndexOfHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == kHelp) return i;
    if (!word.starts_with('-')) return 0;
    const OptionRow* option = FindOption(GlobalRows(), word);
    // A kMaybeDuration takes a value only after "=".
    if (option != nullptr && option->kind != ValueKind::kFlag &&
        option->kind != ValueKind::kMaybeDuration) {
      ++i;
    }
  }
  return 0;
}

int PrintHelp(const CommandWords& words, const CLI::App& app) {
  const CommandRow* row = GivenCommand(app);
  if (row == nullptr && !app.remaining().empty()) {
    return PrintUsageError(words, app, CLI::ExtrasError(app.remaining()));
  }
  WriteOut(row == nullptr ? FullHelp() : CommandHelp(*row));
  return 0;
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  // CLI11 would reject an unfinished line, and the request is not a command
  // that the help lists.
  if (argc > 1 && argv[1] == kCompletionRequest) {
    return PrintCandidates({argv + 2, argv + argc});
  }
  if (IsVersionAsJson(argc, argv)) {
    PrintJson(VersionJson());
    return 0;
  }
  // `release help COMMAND` is `release COMMAND --help`.
  std::vector<char*> help(argv, argv + argc);
  if (const int at = IndexOfHelp(argc, argv); at > 0) {
    help.erase(help.begin() + at);
    help.push_back(kHelpOption);
    argv = help.data();
  }
  CommandWords words;
  CLI::App app("", "release");
  // With a command, --version is an option of that. The long name is what the
  // program printed its version for before.
  app.set_version_flag(
      argc == 2 ? "-V,--version,--program-version" : "-V,--program-version",
      "release " RELEASE_PROGRAM_VERSION);
  app.require_subcommand(1);
  AddOptions(&app, GlobalRows(), &words);
  for (const CommandRow& row : CommandRows()) {
    // The options of a command that is not named would only cost time.
    if (std::find(argv, argv + argc, row.name()) != argv + argc) {
      AddCommand(&app, row, &words);
    } else {
      app.add_subcommand(std::string(row.name()), std::string(row.help));
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return PrintHelp(words, app);
  } catch (const CLI::Success& success) {
    app.exit(success);
    return 0;
  } catch (const CLI::ParseError& error) {
    return PrintUsageError(words, app, error);
  }
  return RunGuarded(std::move(words));
}

}  // namespace release
