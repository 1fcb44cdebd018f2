#include "cli/record_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

#include "base/text.h"
#include "base/units.h"
#include "cli/labelled_lines.h"
#include "os/identity.h"
#include "store/layout.h"

namespace release {
namespace {

std::string StepsText(const std::vector<StepRecord>& steps) {
  std::vector<std::string> words;
  for (const StepRecord& step : steps) {
    words.push_back(
        fmt::format("{} {}", step.name, FormatSeconds(step.seconds)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string FactsText(const std::map<std::string, std::string>& facts) {
  std::vector<std::string> words;
  for (const auto& [name, value] : facts) {
    words.push_back(fmt::format("{} {}", name, Printable(value)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

void AddBegin(const BeginRecord& begin, const Screen& screen,
              LabelledLines* lines) {
  lines->Add("begun", FormatWhen(screen, begin.at));
  lines->Add("command", Printable(begin.caller.command));
  lines->Add("archive", Printable(begin.source));
  lines->Add("from", FromWords(begin));
  lines->Add("to", begin.to ? begin.to->name() : "");
  lines->Add("reason", Printable(begin.reason));
  lines->Add("rollout", begin.rollout);
}

void AddEnd(const EndRecord& end, LabelledLines* lines) {
  if (!end.message.empty()) {
    lines->Add(
        "cause",
        fmt::format("{} [{}]", Printable(FirstLine(end.message)), end.code));
    lines->AddExcerpt(LaterLines(end.message));
  }
  lines->Add("evidence", FactsText(end.facts));
}

}  // namespace

std::string TransactionWords(const TransactionRecord& record) {
  if (!record.begin) return "transaction " + std::to_string(record.number);
  const BeginRecord& begin = *record.begin;
  const std::string_view command = CommandName(begin.command);
  if (!begin.to) return std::string(command);
  // A rollback names the release that it goes to.
  const bool back = begin.command == CommandId::kRollback;
  return fmt::format("{} {} {}", command, back ? "to" : "of", begin.to->name());
}

std::string FromWords(const BeginRecord& begin) {
  if (!begin.from_target) return "";
  const auto version = VersionOfTarget(*begin.from_target);
  return version ? version->name() : Escaped(*begin.from_target);
}

std::string ResultWords(const TransactionRecord& record) {
  if (!record.end) return std::string(ResultName(Result::kOpen));
  std::string text(ResultName(record.end->result));
  if (!record.end->code.empty()) text += ": " + Printable(record.end->code);
  if (record.end->recovered) text += ", recovered";
  return text;
}

std::string ByWords(const TransactionRecord& record) {
  return record.begin ? Printable(CallerName(record.begin->caller)) : "";
}

Nanoseconds TimeOf(const std::vector<StepRecord>& steps) {
  double seconds = 0;
  for (const StepRecord& step : steps) seconds += step.seconds;
  return std::chrono::duration_cast<Nanoseconds>(
      std::chrono::duration<double>(seconds));
}

Nanoseconds TimeTaken(const TransactionRecord& record) {
  return TimeOf(record.steps) + TimeOf(record.undo_steps);
}

std::string TransactionText(const TransactionRecord& record,
                            const Screen& screen) {
  LabelledLines lines(screen, 2);
  if (record.begin) {
    AddBegin(*record.begin, screen, &lines);
    lines.Add("by", ByWords(record));
  }
  if (record.end) AddEnd(*record.end, &lines);
  const auto add_steps = [&](std::string_view label,
                             const std::vector<StepRecord>& steps) {
    if (steps.empty()) return;
    lines.Add(label, fmt::format("{}: {}", FormatDuration(TimeOf(steps)),
                                 StepsText(steps)));
  };
  add_steps("steps", record.steps);
  add_steps("undo", record.undo_steps);
  for (const std::string& note : record.notes) {
    lines.Add("output", PrintableLines(note));
  }
  if (record.damaged) lines.Add("record", "damaged; this is what can be read");
  return lines.Take();
}

}  // namespace release
