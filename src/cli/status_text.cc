#include "cli/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "base/units.h"
#include "cli/labelled_lines.h"
#include "cli/output.h"
#include "cli/record_words.h"
#include "os/identity.h"

namespace release {
namespace {

bool WaitsForConfirm(const StatusReport& report) {
  return report.holder && report.state.open &&
         report.state.open->current_step == "confirm" &&
         report.state.open->undo_step.empty();
}

// Returns the problem up to its first ';' or ':'. The full text follows below.
std::string Headline(const std::string& problem) {
  const std::size_t end =
      std::min({problem.find("; "), problem.find(": "), problem.size()});
  return Printable(problem.substr(0, end));
}

std::string AttentionWords(const StatusReport& report) {
  const std::vector<std::string>& problems = report.state.problems;
  if (problems.size() == 1) return Headline(problems.front());
  if (!problems.empty()) return Counted(problems.size(), "problem");
  if (!report.state.live) return "no release is live";
  if (report.found_bad()) return "the watch has found it bad";
  if (report.unhealthy()) return "the health check fails";
  return fmt::format("{} changed since the deploy",
                     Counted(report.differences.size(), "file"));
}

// Call with a live release.
std::string LiveWords(const StatusReport& report, const Screen& screen) {
  std::string text = fmt::format(", {} live", report.state.live->name());
  if (const auto since = report.live_since()) {
    text += " since " + FormatAgo(screen, *since);
  }
  return text;
}

std::string TimeLeft(const StatusReport& report, const Screen& screen) {
  const std::int64_t left = report.state.open->step_until - screen.now;
  if (report.state.open->step_until == 0 || left < 0) return "";
  return fmt::format(", {} left", FormatDuration(SecondsSaturated(left)));
}

// "deploy of 1.4.3 by alice".
std::string RunningWords(const StatusReport& report) {
  const std::string by = Printable(CallerName(report.holder->caller));
  const auto& open = report.state.open;
  if (!open) return "a command of " + by;
  return fmt::format("{} by {}", TransactionWords(*open), by);
}

std::string LiveText(const StatusReport& report, const Screen& screen) {
  const DeploymentState& state = report.state;
  if (!state.live) {
    const std::string name = state.CurrentName();
    return name.empty()
               ? "no release"
               : fmt::format("no release: current names {}", Quoted(name));
  }
  const LedgerEntry* entry = state.ledger.Find(*state.live);
  std::string text = state.live->name();
  if (const auto since = report.live_since()) {
    text += " since " + FormatWhen(screen, *since);
  }
  const auto& open = state.open;
  if (open && open->switching && open->begin->to == state.live &&
      !open->begin->KeepsLive()) {
    text += ", not proved yet";
  } else if (entry->state != ReleaseState::kGood) {
    text += fmt::format(", {}", StateName(entry->state));
  }
  if (entry->pinned) text += ", pinned";
  return text;
}

// The command that goes to the rollback target, which there must be.
std::string RollbackCommand(const StatusReport& report) {
  const DeploymentState& state = report.state;
  return state.ledger.IrreversibleSince(*report.rollback_target, state.live)
                 .empty()
             ? "`release rollback`"
             : "`release rollback --yes`";
}

std::string BeforeText(const StatusReport& report) {
  return report.rollback_target
             ? fmt::format("{} ({} goes there)", report.rollback_target->name(),
                           RollbackCommand(report))
             : "nothing to roll back to";
}

void AddHealth(const StatusReport& report, LabelledLines* lines) {
  if (!report.probe) return lines->Add("health", "not configured");
  const Reason& problem = report.probe->problem;
  if (!problem) {
    return lines->Add("health",
                      "ok, answered in " + FormatDuration(report.probe->took));
  }
  lines->Add("health", Printable(FirstLine(*problem)));
  lines->AddExcerpt(LaterLines(*problem));
}

std::string FilesText(const StatusReport& report) {
  if (report.differences.empty()) return "unchanged since the deploy";
  return fmt::format("{} changed since the deploy",
                     Counted(report.differences.size(), "file"));
}

// "1.4.2: live, active (running), pid 812, since 3 h ago, 3 connections".
std::string InstanceText(const InstanceStatus& instance, const Screen& screen) {
  std::string text = fmt::format("{}: {}, {}", instance.version.name(),
                                 RoleName(instance.role), instance.state);
  if (instance.pid != 0) {
    text += fmt::format(", pid {}, since {}", instance.pid,
                        FormatAgo(screen, instance.since));
  }
  if (instance.connections) {
    text += ", " + Counted(*instance.connections, "connection");
  }
  return text;
}

std::string UnitText(const UnitStatus& unit, const Screen& screen) {
  std::string text = fmt::format("{}: {}", unit.name, unit.state);
  if (unit.running && unit.since != 0) {
    text += " since " + FormatAgo(screen, unit.since);
  }
  return text;
}

std::string ProgressText(const StatusReport& report, const Screen& screen) {
  const LockHolder& holder = *report.holder;
  std::string text =
      fmt::format("{} (pid {}), begun {}", RunningWords(report),
                  holder.caller.pid, FormatAgo(screen, holder.since));
  if (report.state.open && !report.state.open->current_step.empty()) {
    text += fmt::format(", step {}{}", report.state.open->StepText(),
                        TimeLeft(report, screen));
  }
  return text;
}

// The newest transaction, if it is not the one that made the live release live
// and has failed.
std::optional<std::string> FailureText(const StatusReport& report,
                                       const Screen& screen) {
  const auto& last = report.state.last;
  // A mistyped version says nothing about the deployment.
  if (!last || !last->end || last->end->exit == Exit::kDone ||
      last->end->exit == Exit::kNoSuchRelease) {
    return std::nullopt;
  }
  std::string text =
      fmt::format("{}, {}: {}", TransactionWords(*last),
                  FormatAgo(screen, last->end->at), ResultWords(*last));
  if (!last->end->message.empty()) {
    text += "; " + Printable(FirstLine(last->end->message));
  }
  return text;
}

// "look 12 of 40: 1 bad in a row: health: status 503"; "" without a watch.
std::string WatchText(const StatusReport& report) {
  if (!report.watch) return "";
  const WatchNote& note = *report.watch;
  if (note.state != WatchState::kWatching) {
    return fmt::format("{}: {}", WatchStateName(note.state),
                       Printable(note.text));
  }
  std::string text = fmt::format("look {} of {}", note.done, note.looks);
  if (note.bad > 0) {
    text +=
        fmt::format(", {} bad in a row: {}", note.bad, Printable(note.text));
  }
  if (!report.watch_runs) text += "; nobody looks (release-watch@ runs it)";
  return text;
}

std::string UndeliveredText(const StatusReport& report) {
  const std::string text = Counted(report.undelivered, "notice");
  if (report.undelivered_reason.empty()) return text;
  return fmt::format("{}; the last try: {}", text,
                     Printable(report.undelivered_reason));
}

void AddService(const StatusReport& report, const Screen& screen,
                LabelledLines* lines) {
  if (report.unit) lines->Add("service", UnitText(*report.unit, screen));
  for (const InstanceStatus& each : report.instances) {
    lines->Add("instance", InstanceText(each, screen));
  }
  for (const ProcessUse& use : report.old_processes) {
    lines->Add("old process",
               fmt::format("pid {} ({}) still uses {}", use.pid,
                           Escaped(use.name), Escaped(use.path)));
  }
}

void AddTransactions(const StatusReport& report, const Screen& screen,
                     LabelledLines* lines) {
  if (report.holder) lines->Add("in progress", ProgressText(report, screen));
  if (report.activation) {
    lines->Add(
        "last change",
        fmt::format("{} by {} (transaction {})",
                    TransactionWords(*report.activation),
                    Printable(CallerName(report.activation->begin->caller)),
                    report.activation->number));
  }
  if (const auto failure = FailureText(report, screen)) {
    lines->Add("last failure", *failure);
  }
}

// Returns what a problem says after its last ';': what to do.
std::string RemedyOf(const std::string& problem) {
  const std::size_t end = problem.rfind("; ");
  return Printable(end == problem.npos ? problem : problem.substr(end + 2));
}

// Returns the command that goes on from a problem.
std::string Remedy(const StatusReport& report) {
  if (report.interrupted()) return "`release recover` settles it";
  if (report.doubt) {
    return fmt::format(
        "`release show --transaction {}` says what happened; then `release "
        "activate V` makes a release live that you choose",
        report.doubt->number);
  }
  if (!report.state.problems.empty()) return RemedyOf(report.state.problems[0]);
  if (!report.state.live) {
    return "`release list` names the releases; `release activate V` makes one "
           "live";
  }
  if (!report.differences.empty() && !report.unhealthy() &&
      !report.found_bad()) {
    return "`release verify` names the files";
  }
  return report.rollback_target
             ? fmt::format("{} goes back to {}", RollbackCommand(report),
                           report.rollback_target->name())
             : "look at the service: there is no release to go back to";
}

}  // namespace

Verdict VerdictOf(const StatusReport& report) {
  if (WaitsForConfirm(report)) return Verdict::kWaiting;
  if (report.holder) return Verdict::kBusy;
  if (report.well()) return Verdict::kOk;
  const bool empty = report.state.problems.empty() &&
                     report.state.CurrentName().empty() &&
                     report.state.ledger.entries().empty();
  return empty ? Verdict::kEmpty : Verdict::kAttention;
}

std::string_view VerdictName(Verdict verdict) {
  constexpr std::string_view kNames[] = {"ok", "empty", "busy", "waiting",
                                         "attention"};
  return kNames[static_cast<int>(verdict)];
}

std::string VerdictText(const StatusReport& report, const Screen& screen) {
  const std::string subject =
      fmt::format("{} on {}: ", report.app.empty() ? "this root" : report.app,
                  Printable(report.host));
  switch (VerdictOf(report)) {
    case Verdict::kWaiting:
      return fmt::format("{}WAITING for `release confirm`{}", subject,
                         TimeLeft(report, screen));
    case Verdict::kBusy:
      return fmt::format("{}BUSY: {}", subject, RunningWords(report));
    case Verdict::kOk:
      return subject + "ok" + LiveWords(report, screen);
    case Verdict::kEmpty:
      return subject + "empty, no release has been deployed";
    case Verdict::kAttention:
      break;
  }
  return fmt::format(
      "{}ATTENTION: {}{}", subject, AttentionWords(report),
      report.state.live ? fmt::format(", {} is live", report.state.live->name())
                        : "");
}

std::string NextText(const StatusReport& report) {
  switch (VerdictOf(report)) {
    case Verdict::kWaiting:
      return "`release confirm` keeps it; `release abort` undoes it";
    case Verdict::kBusy:
      return "`release abort` asks it to undo and stop";
    case Verdict::kEmpty:
      return "`release deploy ARCHIVE`";
    case Verdict::kOk:
      return report.rollback_target
                 ? fmt::format("nothing to do; {} goes back to {}",
                               RollbackCommand(report),
                               report.rollback_target->name())
                 : "nothing to do";
    case Verdict::kAttention:
      break;
  }
  return Remedy(report);
}

std::string StatusText(const StatusReport& report, const Screen& screen,
                       const std::string& app) {
  LabelledLines lines(screen);
  lines.Add("live", LiveText(report, screen));
  if (report.state.live) {
    const LedgerEntry* entry = report.state.ledger.Find(*report.state.live);
    lines.Add("evidence", Printable(entry->evidence));
  }
  lines.Add("before", WithApp(app, BeforeText(report)));
  AddService(report, screen, &lines);
  if (report.state.live) {
    AddHealth(report, &lines);
    lines.Add("watch", WatchText(report));
    lines.Add("files", FilesText(report));
  }
  AddTransactions(report, screen, &lines);
  if (report.undelivered > 0) {
    lines.Add("undelivered", UndeliveredText(report));
  }
  for (const std::string& problem : report.state.problems) {
    lines.Add("PROBLEM", WithApp(app, Printable(problem)));
  }
  lines.Add("next", WithApp(app, NextText(report)));
  return lines.Take();
}

}  // namespace release
