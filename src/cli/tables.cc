#include "cli/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "base/units.h"
#include "os/identity.h"
#include "store/layout.h"

namespace release {
namespace {

std::string Field(const std::string& name, const std::string& value) {
  return fmt::format("{:<12} {}\n", name, value);
}

std::string CountText(std::size_t differences) {
  return fmt::format("{} difference{}", differences,
                     differences == 1 ? "" : "s");
}

std::string LiveText(const StatusReport& report) {
  const DeploymentState& state = report.state;
  if (!state.live) {
    const std::string name = state.CurrentName();
    return name.empty() ? "no release" : Quoted(name) + ", which is no release";
  }
  const LedgerEntry* entry = state.ledger.Find(*state.live);
  std::string text =
      fmt::format("{} ({}", state.live->name(), StateName(entry->state));
  if (entry->since != 0) {
    text += fmt::format(" since {}, by {}", FormatTime(entry->since),
                        Printable(entry->by));
  }
  return text + (entry->pinned ? ", pinned)" : ")");
}

// Returns the evidence for the live release, or "" if it came without any.
std::string EvidenceText(const DeploymentState& state) {
  if (!state.live) return "";
  return Printable(state.ledger.Find(*state.live)->evidence);
}

std::string FactsText(const std::map<std::string, std::string>& facts) {
  std::vector<std::string> words;
  for (const auto& [name, value] : facts) {
    words.push_back(fmt::format("{} {}", name, Printable(value)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string ResultText(const TransactionRecord& record) {
  if (!record.end) return std::string(ResultName(Result::kOpen));
  std::string text(ResultName(record.end->result));
  if (record.end->recovered) text += " (recovered)";
  return text;
}

std::string TransactionText(const TransactionRecord& record) {
  // A damaged record may lack its beginning but still have its end.
  const BeginRecord begin = record.begin.value_or(BeginRecord());
  std::string text =
      fmt::format("{} {}", record.number, CommandName(begin.command));
  if (begin.to) text += " " + begin.to->name();
  text += fmt::format(", {} by {}", FormatTime(begin.at),
                      Printable(CallerName(begin.caller)));
  if (record.end) {
    text += ": " + ResultText(record);
    if (!record.end->message.empty()) {
      text += fmt::format(" [{}] {}", record.end->code,
                          Printable(record.end->message));
    }
  }
  return text;
}

std::string RunningText(const StatusReport& report) {
  const LockHolder& holder = *report.holder;
  std::string text =
      fmt::format("{} (pid {}) since {}: {}",
                  Printable(CallerName(holder.caller)), holder.caller.pid,
                  FormatTime(holder.since), Printable(holder.caller.command));
  if (report.state.open && !report.state.open->current_step.empty()) {
    text += fmt::format(", step {}", report.state.open->StepText());
  }
  return text;
}

std::string From(const BeginRecord& begin) {
  if (!begin.from_target) return "-";
  const auto version = VersionOfTarget(*begin.from_target);
  return version ? version->name() : Escaped(*begin.from_target);
}

// "1.4.2: live, active (running), pid 812, since 2026-11-29 08:00:12, 3
// connections".
std::string InstanceText(const InstanceStatus& instance) {
  std::string text = fmt::format("{}: {}, {}", instance.version.name(),
                                 RoleName(instance.role), instance.state);
  if (instance.pid != 0) {
    text += fmt::format(", pid {} since {}", instance.pid,
                        FormatTime(instance.since));
  }
  if (instance.connections) {
    text += fmt::format(", {} connection{}", *instance.connections,
                        *instance.connections == 1 ? "" : "s");
  }
  return text;
}

std::string UndeliveredText(const StatusReport& report) {
  const std::string text = fmt::format("{} notice{}", report.undelivered,
                                       report.undelivered == 1 ? "" : "s");
  if (report.undelivered_reason.empty()) return text;
  return fmt::format("{}; the last try: {}", text,
                     Printable(report.undelivered_reason));
}

double TotalSeconds(const std::vector<StepRecord>& steps) {
  double total = 0;
  for (const StepRecord& step : steps) total += step.seconds;
  return total;
}

std::string StepsText(const std::vector<StepRecord>& steps) {
  std::vector<std::string> words;
  for (const StepRecord& step : steps) {
    words.push_back(fmt::format("{} {:.3f}", step.name, step.seconds));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string HistoryLine(const TransactionRecord& record) {
  if (!record.begin) {
    return fmt::format("{:>6}  its record cannot be read\n", record.number);
  }
  const BeginRecord& begin = *record.begin;
  std::string text = fmt::format(
      "{:>6}  {}  {:<9} {:>14} -> {:<14} {:<10} {:>8.3f} s  {}\n",
      record.number, FormatTime(begin.at), CommandName(begin.command),
      From(begin), begin.to ? begin.to->name() : "-", ResultText(record),
      TotalSeconds(record.steps), Printable(CallerName(begin.caller)));
  if (record.end && !record.end->message.empty()) {
    text += fmt::format("        [{}] {}\n", record.end->code,
                        Printable(record.end->message));
  }
  if (!begin.reason.empty()) {
    text += fmt::format("        reason: {}\n", Printable(begin.reason));
  }
  // "issued_at" is there if the release came with an attestation.
  if (record.end && record.end->facts.contains("issued_at")) {
    text += fmt::format("        {}\n", FactsText(record.end->facts));
  }
  if (!record.steps.empty()) {
    text += fmt::format("        {}\n", StepsText(record.steps));
  }
  if (!record.undo_steps.empty()) {
    text += fmt::format("        undo {:.3f} s: {}\n",
                        TotalSeconds(record.undo_steps),
                        StepsText(record.undo_steps));
  }
  return text;
}

}  // namespace

std::string StatusText(const StatusReport& report) {
  const DeploymentState& state = report.state;
  std::string text = Field("live", LiveText(report));
  if (const std::string evidence = EvidenceText(state); !evidence.empty()) {
    text += Field("evidence", evidence);
  }
  text += Field("rollback to", report.rollback_target
                                   ? report.rollback_target->name()
                                   : "nothing");
  if (state.live) {
    text += Field("health", report.unhealthy ? Printable(*report.unhealthy)
                                             : "good, or nothing to probe");
    text += Field("as shipped",
                  report.differences.empty()
                      ? "yes"
                      : fmt::format("NO, {}; see `release verify`",
                                    CountText(report.differences.size())));
  }
  for (const InstanceStatus& each : report.instances) {
    text += Field("instance", InstanceText(each));
  }
  text += Field("running", report.holder ? RunningText(report) : "nothing");
  if (state.last) text += Field("last", TransactionText(*state.last));
  if (report.undelivered > 0) {
    text += Field("undelivered", UndeliveredText(report));
  }
  for (const ProcessUse& use : report.strays) {
    text +=
        Field("old release", fmt::format("pid {} ({}) still uses {}", use.pid,
                                         Escaped(use.name), Escaped(use.path)));
  }
  for (const std::string& doubt : state.problems) {
    text += Field("IN DOUBT", Printable(doubt));
  }
  return text;
}

std::string ListTable(const std::vector<ListedRelease>& releases) {
  std::string text = fmt::format("  {:<20} {:<10} {:<21} {:>10}  {}\n",
                                 "VERSION", "STATE", "SINCE", "SIZE", "BY");
  for (const ListedRelease& release : releases) {
    const LedgerEntry& entry = release.entry;
    std::vector<std::string> marks;
    if (release.live) marks.emplace_back("live");
    if (release.rollback_target) marks.emplace_back("rollback target");
    if (entry.pinned) marks.emplace_back("pinned");
    if (release.instance && release.instance->running) {
      marks.push_back(
          fmt::format("{} instance", RoleName(release.instance->role)));
    }
    if (!release.pids.empty()) {
      marks.push_back(fmt::format("used by {}", fmt::join(release.pids, " ")));
    }
    text += fmt::format(
        "{} {:<20} {:<10} {:<21} {:>10}  {}{}\n", release.live ? "*" : " ",
        entry.version.name(), StateName(entry.state),
        entry.since == 0 ? "-" : FormatTime(entry.since),
        FormatSize(entry.bytes), Printable(entry.by),
        marks.empty() ? "" : fmt::format("  ({})", fmt::join(marks, ", ")));
  }
  return text;
}

std::string HistoryTable(const std::vector<TransactionRecord>& records) {
  std::string text;
  for (const TransactionRecord& record : records) text += HistoryLine(record);
  return text;
}

std::string VerifyText(const std::vector<VerifiedRelease>& releases) {
  std::string text;
  for (const VerifiedRelease& release : releases) {
    if (release.ok()) {
      text += fmt::format("{}: as shipped\n", release.version);
    } else if (!release.error.empty()) {
      text += fmt::format("{}: {}\n", release.version, release.error);
    } else {
      text += fmt::format("{}: {}\n", release.version,
                          CountText(release.differences.size()));
      text += DifferencesText(release.differences);
    }
  }
  return text;
}

std::string CheckText(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<4}  {:<13} {}\n", LevelName(finding.level),
                        finding.what, Printable(finding.words));
  }
  return text;
}

std::string DifferencesText(
    const std::vector<ManifestDifference>& differences) {
  std::string text;
  for (const ManifestDifference& difference : differences) {
    text += fmt::format("  {:<8} {}", DifferenceName(difference.what),
                        Escaped(difference.path));
    if (!difference.before.empty() || !difference.after.empty()) {
      text += fmt::format("  ({} -> {})", Escaped(difference.before),
                          Escaped(difference.after));
    }
    text += "\n";
  }
  return text;
}

}  // namespace release
