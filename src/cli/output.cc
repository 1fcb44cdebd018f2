#include "cli/output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/units.h"
#include "cli/command_table.h"
#include "cli/json.h"
#include "cli/record_words.h"
#include "os/startup.h"
#include "os/terminal.h"

namespace release {
namespace {

using nlohmann::json;

bool Colored(const GlobalOptions& options,
             OutputStream stream = OutputStream::kErr) {
  if (options.color == "always") return true;
  if (options.color == "never" || !Environment("NO_COLOR").empty()) {
    return false;
  }
  return IsTerminal(stream);
}

// Returns " in 4.2 s", or "" if no step was timed.
std::string TotalWords(const Outcome& outcome) {
  const Nanoseconds total = TimeOf(outcome.steps) + TimeOf(outcome.undo_steps);
  return total == Nanoseconds::zero() ? "" : " in " + FormatDuration(total);
}

std::string LiveWords(const std::string& current) {
  return current.empty() ? "no release is live"
                         : fmt::format("{} is live", current);
}

// Whether the command only had the service take up what is live.
bool RestartsLive(const Outcome& outcome) {
  return outcome.command == CommandId::kRestart && outcome.version &&
         outcome.version->name() == outcome.previous;
}

// Returns the sentence that reports a success, in most cases "1.4.2 is live
// (before: 1.4.1)".
std::string SuccessWords(const Outcome& outcome) {
  const std::string version = outcome.version ? outcome.version->name() : "";
  if (outcome.result == Result::kNothing) {
    return "nothing to settle; " + LiveWords(outcome.current);
  }
  if (outcome.command == CommandId::kRecover) {
    return fmt::format("transaction {} was undone; {}", outcome.transaction,
                       LiveWords(outcome.current));
  }
  if (outcome.command == CommandId::kInit) {
    return fmt::format(
        "{}; {}, and the service was left alone: it uses the same files",
        outcome.result == Result::kUnchanged ? "it is taken over already"
                                             : "took over what was there",
        LiveWords(outcome.current));
  }
  if (outcome.result == Result::kUnchanged &&
      (outcome.command == CommandId::kRollback ||
       outcome.command == CommandId::kActivate)) {
    return "nothing changed; " + LiveWords(outcome.current);
  }
  if (outcome.result == Result::kUnchanged) {
    return fmt::format("{} is there already with the same content; {}", version,
                       LiveWords(outcome.current));
  }
  if (outcome.command == CommandId::kStage) {
    return fmt::format("{} is staged; {}", version, LiveWords(outcome.current));
  }
  if (outcome.command == CommandId::kPin ||
      outcome.command == CommandId::kUnpin) {
    return fmt::format("{} is {}ned", version, CommandName(outcome.command));
  }
  if (RestartsLive(outcome)) {
    return fmt::format("the service has taken up {} again", version);
  }
  if (outcome.previous == outcome.current) return LiveWords(outcome.current);
  return outcome.previous.empty()
             ? LiveWords(outcome.current)
             : fmt::format("{} (before: {})", LiveWords(outcome.current),
                           outcome.previous);
}

// Returns whether the command has made a release live, so that its steps are
// what the user waited for.
bool ChangesLive(const Outcome& outcome) {
  const CommandId command = outcome.command;
  return outcome.result == Result::kCommitted &&
         (command == CommandId::kDeploy || command == CommandId::kActivate ||
          command == CommandId::kRollback || command == CommandId::kRestart);
}

// Returns what became of the service.
std::string FailureVerdict(const Outcome& outcome) {
  switch (outcome.exit) {
    case Exit::kUndone:
      if (RestartsLive(outcome)) {
        return fmt::format("{}, and answers after a second try",
                           LiveWords(outcome.current));
      }
      return fmt::format("undone; {}{}", LiveWords(outcome.current),
                         outcome.current.empty() ? ", as before" : " again");
    case Exit::kNeedsPerson:
      return fmt::format("manual intervention required: {} now",
                         LiveWords(outcome.current));
    default:
      return fmt::format("nothing changed; {}", LiveWords(outcome.current));
  }
}

// Returns what to do next after a failure, or "".
std::string NextStep(const Outcome& outcome) {
  switch (outcome.exit) {
    case Exit::kUndone:
      return fmt::format(
          "`release show --transaction {}` shows the full record",
          outcome.transaction);
    case Exit::kNeedsPerson:
      return "`release status` says what is wrong";
    case Exit::kBusy:
      return "`release status` shows what runs; --wait waits for it";
    case Exit::kNoSuchRelease:
      return "`release list` names the releases";
    default:
      return outcome.error->code == ErrorCode::kPermissionDenied
                 ? "run it as root, or as the owner of the directory"
                 : "";
  }
}

// Prints the verdict, the cause with the end of the service's log, and what to
// do next. Failures are printed even with --quiet.
void PrintFailure(const GlobalOptions& options, const Outcome& outcome,
                  const std::string& verdict) {
  constexpr std::size_t kLabel = 7;  // "error: "
  const Screen screen{.columns = TerminalColumns(OutputStream::kErr)};
  const std::string message = WithApp(options.app, outcome.error->message);
  const std::string cause = Printable(FirstLine(message));
  std::string text = Label(options, "error:", "1;31") + " ";
  if (verdict.empty()) {
    text += Wrapped(screen, cause, kLabel) + "\n";
  } else {
    text += fmt::format("{}\n  {}\n", Wrapped(screen, verdict, kLabel),
                        Wrapped(screen, cause, 2));
  }
  for (const std::string& line : LaterLines(message)) {
    text += fmt::format("    {}\n", Wrapped(screen, Printable(line), 4));
  }
  const std::string next = WithApp(options.app, NextStep(outcome));
  if (!next.empty()) text += fmt::format("next: {}\n", next);
  WriteErr(text);
}

}  // namespace

std::string Label(const GlobalOptions& options, const std::string& word,
                  const char* color) {
  if (!Colored(options)) return word;
  return fmt::format("\x1b[{}m{}\x1b[0m", color, word);
}

int PrintOutcome(const GlobalOptions& options, const Outcome& outcome) {
  if (options.json) PrintJson(OutcomeJson(options.subject, outcome));
  if (!outcome.error || outcome.exit == Exit::kDone) {
    Say(options, SuccessWords(outcome) +
                     (ChangesLive(outcome) ? TotalWords(outcome) : ""));
    const bool went_live = outcome.result == Result::kCommitted &&
                           outcome.previous != outcome.current &&
                           !outcome.previous.empty();
    if (went_live && outcome.command != CommandId::kRollback) {
      Say(options, outcome.irreversible
                       ? "next: `release rollback --yes` goes back"
                       : "next: `release rollback` goes back");
    }
  } else {
    PrintFailure(options, outcome, PrintableLines(FailureVerdict(outcome)));
  }
  return static_cast<int>(outcome.exit);
}

// Builds an Outcome, so that an error before the transaction has the same JSON
// keys as one after it began.
int PrintError(const GlobalOptions& options, CommandId command,
               const Error& error, const std::string& live_now) {
  Outcome outcome;
  outcome.command = command;
  outcome.exit = ExitBeforeSwitch(error.code());
  outcome.result = ResultBeforeSwitch(outcome.exit);
  outcome.current = live_now;
  outcome.previous = live_now;
  outcome.error = FailureOf(error);
  if (options.json) PrintJson(OutcomeJson(options.subject, outcome));
  PrintFailure(options, outcome,
               live_now.empty() ? "" : PrintableLines(FailureVerdict(outcome)));
  return static_cast<int>(outcome.exit);
}

int PrintPlan(const GlobalOptions& options, CommandId command,
              const std::vector<std::string>& steps) {
  if (options.json) {
    PrintJson(PlanJson(options.subject, command, steps));
    return 0;
  }
  constexpr std::size_t kIndent = 4;
  const Screen screen{.columns = TerminalColumns(OutputStream::kOut)};
  std::string text = "Would do, in order:\n";
  for (const std::string& step : steps) {
    text +=
        fmt::format("  - {}\n", Wrapped(screen, PrintableLines(step), kIndent));
  }
  PrintText(text);
  return 0;
}

Screen OutScreen(const GlobalOptions& options, std::int64_t now) {
  return {.columns = TerminalColumns(OutputStream::kOut),
          .charset =
              LocaleIsUtf8() ? Screen::Charset::kUtf8 : Screen::Charset::kAscii,
          .zone = options.utc ? Screen::Zone::kUtc : Screen::Zone::kLocal,
          .detail =
              options.verbose ? Screen::Detail::kFull : Screen::Detail::kBrief,
          .now = now};
}

void Say(const GlobalOptions& options, const std::string& words) {
  if (!options.quiet) {
    WriteErr(PrintableLines(WithApp(options.app, words)) + "\n");
  }
}

std::string WithApp(const std::string& app, const std::string& text) {
  constexpr std::string_view kCommand = "`release ";
  if (app.empty()) return text;
  std::string named;
  std::size_t from = 0;
  for (;;) {
    const std::size_t at = text.find(kCommand, from);
    if (at == text.npos) return named + text.substr(from);
    const std::size_t end = at + kCommand.size();
    named += text.substr(from, end - from);
    const CommandRow* row =
        FindCommand(text.substr(end, text.find_first_of(" `", end) - end));
    if (row != nullptr && row->group != CommandGroup::kBuild) {
      named += fmt::format("--app {} ", app);
    }
    from = end;
  }
}

void PrintVerdict(const GlobalOptions& options, Verdict verdict,
                  const std::string& text) {
  constexpr const char* kColors[] = {"32", "0", "33", "33", "1;31"};
  const std::string line = PrintableLines(text);
  WriteOut(Colored(options, OutputStream::kOut)
               ? fmt::format("\x1b[{}m{}\x1b[0m\n",
                             kColors[static_cast<int>(verdict)], line)
               : line + "\n");
}

void PrintText(const std::string& text) { WriteOut(PrintableLines(text)); }

void PrintJson(const std::string& text) { WriteOut(text + "\n"); }

}  // namespace release
