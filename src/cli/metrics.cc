#include "cli/metrics.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/record_words.h"

namespace release {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// A label's value may be any UTF-8, but backslash, quote and newline must be
// escaped. Text that is not UTF-8 is escaped first.
std::string LabelValue(const std::string& text) {
  std::string value;
  for (const char c : IsUtf8(text) ? text : Escaped(text)) {
    if (c == '\\' || c == '"') value += '\\';
    value += c == '\n' ? "\\n" : std::string(1, c);
  }
  return value;
}

// Writes the text format. The format requires that all samples of a family
// follow its HELP and TYPE lines directly.
class Metrics {
 public:
  explicit Metrics(std::string app) : app_(std::move(app)) {}

  // Begins a family of samples. At least one Sample must follow.
  void Family(const std::string& name, const std::string& help) {
    name_ = "release_" + name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name_, help, name_);
  }
  void Sample(double value, const Labels& labels = {}) {
    text_ += fmt::format("{}{{app=\"{}\"", name_, LabelValue(app_));
    for (const auto& [name, label] : labels) {
      text_ += fmt::format(",{}=\"{}\"", name, LabelValue(label));
    }
    text_ += fmt::format("}} {}\n", value);
  }
  // Adds a family with a single sample.
  void One(const std::string& name, const std::string& help, double value,
           const Labels& labels = {}) {
    Family(name, help);
    Sample(value, labels);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string app_;
  std::string name_;
  std::string text_;
};

void AddLive(const StatusReport& report, Metrics* metrics) {
  const DeploymentState& state = report.state;
  if (!state.live) return;
  const LedgerEntry* entry = state.ledger.Find(*state.live);
  if (entry == nullptr) return;
  metrics->One("live_info", "The release that is live.", 1,
               {{"version", state.live->name()},
                {"state", std::string(StateName(entry->state))}});
  const auto since = report.live_since();
  if (!since) return;
  metrics->One("live_since_timestamp_seconds",
               "When the live release went live.", static_cast<double>(*since));
}

void AddReleases(const DeploymentState& state, Metrics* metrics) {
  // A state without releases gets the sample 0, so that its series never ends.
  std::map<ReleaseState, int> counts;
  for (const ReleaseState kind :
       {ReleaseState::kGood, ReleaseState::kStaged, ReleaseState::kFailed,
        ReleaseState::kWithdrawn, ReleaseState::kUnknown}) {
    counts[kind] = 0;
  }
  for (const LedgerEntry& entry : state.ledger.entries()) {
    ++counts[entry.state];
  }
  metrics->Family("releases", "Releases on this host by state.");
  for (const auto& [kind, count] : counts) {
    metrics->Sample(count, {{"state", std::string(StateName(kind))}});
  }
}

void AddLast(const DeploymentState& state, Metrics* metrics) {
  if (!state.last) return;
  const TransactionRecord& last = *state.last;
  metrics->One(
      "last_transaction_info", "The transaction that ended last.", 1,
      {{"command", std::string(CommandName(last.begin ? last.begin->command
                                                      : CommandId::kNone))},
       {"result", std::string(ResultName(last.end->result))},
       {"code", last.end->code}});
  metrics->One("last_transaction_number", "Its number.",
               static_cast<double>(last.number));
  metrics->One("last_transaction_exit_status", "Its exit status, 0: done.",
               static_cast<double>(last.end->exit));
  metrics->One("last_transaction_end_timestamp_seconds", "When it ended.",
               static_cast<double>(last.end->at));
  metrics->One("last_transaction_duration_seconds",
               "How long its steps took together.",
               std::chrono::duration<double>(TimeTaken(last)).count());
}

void AddInstances(const StatusReport& report, Metrics* metrics) {
  if (report.instances.empty()) return;
  metrics->Family("instance_running", "1 where the instance runs.");
  for (const InstanceStatus& each : report.instances) {
    metrics->Sample(each.running, {{"version", each.version.name()},
                                   {"role", std::string(RoleName(each.role))}});
  }
  metrics->Family("instance_connections",
                  "Clients that are connected to the instance; NaN: unknown.");
  for (const InstanceStatus& each : report.instances) {
    metrics->Sample(each.connections ? *each.connections
                                     : std::numeric_limits<double>::quiet_NaN(),
                    {{"version", each.version.name()}});
  }
}

void AddWatch(const StatusReport& report, Metrics* metrics) {
  if (!report.watch) return;
  const WatchNote& note = *report.watch;
  const bool watching = note.state == WatchState::kWatching;
  metrics->One("watch_looks_left", "Looks that the watch has left.",
               watching ? note.looks - std::min(note.done, note.looks) : 0);
  metrics->One("watch_bad", "1 if the watch has found the live release bad.",
               report.found_bad());
}

}  // namespace

std::string MetricsText(const std::string& app, const StatusReport& report) {
  const DeploymentState& state = report.state;
  Metrics metrics(app);
  AddLive(report, &metrics);
  AddReleases(state, &metrics);
  AddLast(state, &metrics);
  AddWatch(report, &metrics);
  metrics.One("well", "1 if `release status --check` exits 0.", report.well());
  metrics.One("healthy", "1 where the probe is good, or there is none.",
              !report.unhealthy());
  metrics.One("as_shipped", "1 where the live tree is as it was shipped.",
              report.differences.empty());
  metrics.One("in_doubt", "Number of problems.",
              static_cast<double>(state.problems.size()));
  metrics.One("transaction_running", "1 while a transaction runs.",
              report.holder.has_value());
  metrics.One("transaction_interrupted",
              "1 where a transaction died and was not settled yet.",
              report.interrupted());
  AddInstances(report, &metrics);
  metrics.One("undelivered_notices", "Notices that wait in the outbox.",
              static_cast<double>(report.undelivered));
  return metrics.Take();
}

}  // namespace release
