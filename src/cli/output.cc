#include "cli/output.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/json.h"
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

std::string Label(const GlobalOptions& options, const std::string& word,
                  const char* color) {
  if (!Colored(options)) return word;
  return fmt::format("\x1b[{}m{}\x1b[0m", color, word);
}

void PrintEventJson(const ProgressEvent& event) {
  constexpr const char* kNames[] = {"step-begun", "step", "remark", "warning"};
  json object = {{"event", kNames[static_cast<int>(event.kind)]},
                 {"transaction", event.transaction}};
  const bool step = event.kind == ProgressEvent::Kind::kStepBegun ||
                    event.kind == ProgressEvent::Kind::kStepDone;
  object[step ? "name" : "message"] = event.text;
  if (event.kind == ProgressEvent::Kind::kStepDone)
    object["seconds"] = event.seconds;
  if (step && event.phase == StepPhase::kUndo) object["undo"] = true;
  WriteErr(JsonText(object) + "\n");
}

void PrintEventWords(const GlobalOptions& options, const ProgressEvent& event) {
  const bool undo = event.phase == StepPhase::kUndo &&
                    (event.kind == ProgressEvent::Kind::kStepBegun ||
                     event.kind == ProgressEvent::Kind::kStepDone);
  const std::string text = (undo ? "undo " : "") + PrintableLines(event.text);
  switch (event.kind) {
    case ProgressEvent::Kind::kStepBegun:
      if (options.verbose) WriteErr(fmt::format("  {} ...\n", text));
      break;
    case ProgressEvent::Kind::kStepDone:
      WriteErr(fmt::format("  {:<14} {:.3f} s\n", text, event.seconds));
      break;
    case ProgressEvent::Kind::kRemark:
      WriteErr(fmt::format("  {}\n", text));
      break;
    case ProgressEvent::Kind::kWarning:
      WriteErr(fmt::format("{} {}\n", Label(options, "warning:", "33"), text));
      break;
  }
}

std::string LiveWords(const std::string& current) {
  return current.empty() ? "no release is live"
                         : fmt::format("{} is live", current);
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
  if (outcome.previous == outcome.current) return LiveWords(outcome.current);
  return outcome.previous.empty()
             ? LiveWords(outcome.current)
             : fmt::format("{} (before: {})", LiveWords(outcome.current),
                           outcome.previous);
}

std::string FailureWords(const Outcome& outcome) {
  switch (outcome.exit) {
    case Exit::kUndone:
      return fmt::format("undone; {} again", LiveWords(outcome.current));
    case Exit::kNeedsPerson:
      return fmt::format(
          "manual intervention required: {} now; see `release status`",
          LiveWords(outcome.current));
    default:
      return fmt::format("nothing changed; {}", LiveWords(outcome.current));
  }
}

}  // namespace

std::function<void(const ProgressEvent&)> EventPrinter(
    const GlobalOptions& options) {
  if (options.progress_json) return PrintEventJson;
  if (options.quiet) return [](const ProgressEvent&) {};
  return [options](const ProgressEvent& event) {
    PrintEventWords(options, event);
  };
}

int PrintOutcome(const GlobalOptions& options, const Outcome& outcome) {
  if (options.json) PrintJson(OutcomeJson(outcome));
  if (!outcome.error || outcome.exit == Exit::kDone) {
    Say(options, SuccessWords(outcome));
    return static_cast<int>(outcome.exit);
  }
  // Failures are printed even with --quiet.
  WriteErr(fmt::format("{} {}\n", Label(options, "error:", "1;31"),
                       PrintableLines(outcome.error->message)));
  WriteErr(PrintableLines(FailureWords(outcome)) + "\n");
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
  if (options.json) PrintJson(OutcomeJson(outcome));
  WriteErr(fmt::format("{} {}\n", Label(options, "error:", "1;31"),
                       PrintableLines(error.what())));
  if (!live_now.empty()) {
    WriteErr(fmt::format("nothing changed; {}\n",
                         PrintableLines(LiveWords(live_now))));
  }
  return static_cast<int>(outcome.exit);
}

int PrintPlan(const GlobalOptions& options, CommandId command,
              const std::vector<std::string>& steps) {
  if (options.json) {
    PrintJson(JsonText(json{{"schema", 1},
                            {"command", CommandName(command)},
                            {"dry_run", true},
                            {"plan", steps}}));
    return 0;
  }
  std::string text = "Would do, in order:\n";
  for (const std::string& step : steps) text += fmt::format("  - {}\n", step);
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
  if (!options.quiet) WriteErr(PrintableLines(words) + "\n");
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
