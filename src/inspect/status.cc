#include "inspect/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/host_path.h"
#include "base/text.h"
#include "deploy/watched_release.h"
#include "os/cancellation.h"
#include "service/unit.h"
#include "service/waiter.h"
#include "store/instance_link.h"
#include "store/layout.h"
#include "store/outbox.h"
#include "store/releases.h"
#include "store/unlocked_read.h"
#include "store/verify.h"

namespace release {
namespace {

// Returns one use for each process that runs from a release other than `live`,
// such as a worker that did not exit when the service was restarted.
std::vector<ProcessUse> OldProcesses(DeployContext* context,
                                     const Version& live) {
  const HostPath releases = context->config->root / kReleases;
  std::vector<ProcessUse> found;
  std::set<int> seen;
  for (const ProcessUse& use : context->system.runner->UsersOf(releases)) {
    const auto version = VersionOfPath(releases, use.path);
    if (version && *version != live && seen.insert(use.pid).second) {
      found.push_back(use);
    }
  }
  return found;
}

void SendProbe(DeployContext* context, const Version& live,
               StatusReport* report) {
  const Config& config = *context->config;
  if (!config.health.configured() && !config.instances.configured) return;
  const HookContext hook_context{.app = config.app,
                                 .version = live.name(),
                                 .restart_of = report->state.RestartOf(live),
                                 .root = config.root,
                                 .step = "status"};
  Clock* clock = context->system.clock;
  const Nanoseconds start = clock->SinceBoot();
  Reason problem = ProbeLive(config, context->system, hook_context);
  // A signal cuts a probe off, and that says nothing about the service.
  if (problem) ThrowIfCancelled();
  report->probe = ProbeStatus{.problem = std::move(problem),
                              .took = clock->SinceBoot() - start};
}

void CheckLive(DeployContext* context, TreeCheck tree_check,
               StatusReport* report) {
  DeploymentState& state = report->state;
  const Version& live = *state.live;
  const unsigned threads = context->ThreadsFor(kVerifyThreads);
  try {
    // AddMissingManifests reports a missing manifest, for every release alike.
    if (HasManifest(context->fs, live)) {
      const auto found = ReadIfThere(context->fs, live, [&] {
        return tree_check == TreeCheck::kBytes
                   ? VerifyRelease(context->fs, live, threads)
                   : CompareShape(context->fs, live, threads);
      });
      if (found) {
        report->differences = WithoutInstanceLink(*context->config, *found);
      }
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInterrupted) throw;
    state.problems.emplace_back(error.what());
  }
  report->old_processes = OldProcesses(context, live);
  SendProbe(context, live, report);
}

std::optional<UnitStatus> ReadUnit(DeployContext* context) {
  const ServiceConfig& service = context->config->service;
  if (service.unit.empty() || context->config->instances.configured) {
    return std::nullopt;
  }
  Waiter waiter(context->system.clock);
  const UnitState state =
      Unit(service.unit, service.timeout, context->system.runner, &waiter)
          .Show();
  return UnitStatus{
      .name = service.unit,
      .running = state.running(),
      .state = state.Describe(),
      .since = WallTime(context->system.clock, state.active_since)};
}

// A problem of systemd must not hide what else is known.
void LookAtService(DeployContext* context, StatusReport* report) {
  try {
    report->unit = ReadUnit(context);
    report->instances = ReadInstances(context, report->state);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInterrupted) throw;
    report->state.problems.emplace_back(error.what());
  }
  for (std::string& problem :
       InstanceProblems(*context->config, report->instances)) {
    report->state.problems.push_back(std::move(problem));
  }
}

// Returns whether the processes of this version belong to an instance, which
// `status` shows by itself.
bool HasInstance(const StatusReport& report, const Version& version) {
  return std::any_of(report.instances.begin(), report.instances.end(),
                     [&](const InstanceStatus& each) {
                       return each.running && each.version == version;
                     });
}

// Reports each known release without a manifest: its content cannot be
// verified. Leaves out a release that an open transaction is about, since its
// manifest may come later.
void AddMissingManifests(Fs* fs, DeploymentState* state) {
  for (const LedgerEntry& entry : state->ledger.entries()) {
    const bool in_flight =
        state->open && state->open->begin->to == entry.version;
    if (entry.state == ReleaseState::kUnknown || in_flight ||
        HasManifest(fs, entry.version)) {
      continue;
    }
    state->problems.push_back(fmt::format(
        "there is no {}, so nobody can tell whether {} is whole; deploy the "
        "same archive under another version to have a release that can be "
        "checked",
        ManifestPath(entry.version), ReleasePath(entry.version)));
  }
}

// Takes the reason of the latest try. A reason is not reported if the outbox is
// empty: everything was delivered after that try.
void LookAtOutbox(Fs* fs, StatusReport* report) {
  report->undelivered = ListOutbox(fs).size();
  std::int64_t last = 0;
  for (const auto& [name, tries] : ReadTries(fs)) {
    if (tries.last < last || report->undelivered == 0) continue;
    last = tries.last;
    report->undelivered_reason = tries.reason;
  }
}

// The most records that are read to find one.
constexpr int kSearchedRecords = 200;

// Returns the newest record for which `decides` returns true.
template <typename Decides>
std::optional<TransactionRecord> FindRecord(Fs* fs, const Decides& decides) {
  const std::vector<std::uint64_t> numbers = ListRecords(fs);
  int left = kSearchedRecords;
  for (auto it = numbers.rbegin(); it != numbers.rend() && left > 0;
       ++it, --left) {
    // A transaction that ends meanwhile removes old records.
    if (!fs->Stat(Fs::kRoot, RecordPath(*it))) continue;
    TransactionRecord record = ReadRecord(fs, *it);
    if (record.begin && record.end && decides(record)) return record;
  }
  return std::nullopt;
}

// Returns whether the transaction has proved which release is live.
bool SettlesDoubt(const TransactionRecord& record) {
  if (!record.begin) return false;
  const CommandId command = record.begin->command;
  const bool about_live =
      command == CommandId::kDeploy || command == CommandId::kActivate ||
      command == CommandId::kRollback || command == CommandId::kRestart ||
      command == CommandId::kInit;
  return about_live &&
         (record.end->committed || record.end->exit == Exit::kUndone);
}

// Returns the newest transaction that ended in doubt, unless a later one has
// settled that. A later one that was refused, or a pin, settles nothing.
std::optional<TransactionRecord> FindDoubt(Fs* fs,
                                           const DeploymentState& state) {
  const auto in_doubt = [](const TransactionRecord& record) {
    return record.end->exit == Exit::kNeedsPerson;
  };
  if (!state.last) return std::nullopt;
  // The newest record is at hand, and usually decides.
  if (in_doubt(*state.last)) return state.last;
  if (SettlesDoubt(*state.last)) return std::nullopt;
  auto found = FindRecord(fs, [&](const TransactionRecord& record) {
    return in_doubt(record) || SettlesDoubt(record);
  });
  if (!found || !in_doubt(*found)) return std::nullopt;
  return found;
}

// Returns the transaction that made the live release live. A link that was
// moved by hand has none, or an earlier one of the same release.
std::optional<TransactionRecord> FindActivation(Fs* fs,
                                                const DeploymentState& state) {
  const auto changes_live = [](const TransactionRecord& record) {
    return record.begin && record.end->committed && record.begin->to &&
           (record.begin->takes_over ||
            (record.switching && !record.begin->KeepsLive()));
  };
  if (!state.live) return std::nullopt;
  auto found = state.last && changes_live(*state.last)
                   ? state.last
                   : FindRecord(fs, changes_live);
  if (!found || found->begin->to != state.live) return std::nullopt;
  return found;
}

// Reports transactions that need attention: a record without a readable
// beginning, an interrupted transaction, and one that ended in doubt.
void AddUnfinished(Fs* fs, StatusReport* report) {
  DeploymentState& state = report->state;
  // A running command may not have written the first line of its record yet.
  if (state.unreadable && !report->holder) {
    state.problems.push_back(fmt::format(
        "record {} has no beginning that can be read: its command died before "
        "it changed anything, or the record was damaged; `release recover`, "
        "or the next command that changes something, clears it away",
        RecordName(*state.unreadable)));
  }
  if (report->interrupted()) {
    state.problems.push_back(fmt::format(
        "transaction {} ({}) was interrupted in step {}; `release recover`, or "
        "the next command that changes something, settles it",
        state.open->number, CommandName(state.open->begin->command),
        state.open->StepText()));
  }
  report->doubt = FindDoubt(fs, state);
  if (report->doubt) {
    state.problems.push_back(
        fmt::format("transaction {} ended in doubt: {}", report->doubt->number,
                    FirstLine(report->doubt->end->message)));
  }
}

// Adds the problems that ReadDeploymentState does not look for.
void AddDoubts(Fs* fs, StatusReport* report) {
  AddUnfinished(fs, report);
  DeploymentState& state = report->state;
  AddMissingManifests(fs, &state);
  for (const std::string& name : state.listing.unknown_entries) {
    state.problems.push_back(
        fmt::format("{}/{} is no release; the tool neither uses nor removes it",
                    kReleases, name));
  }
  for (const LedgerEntry& entry : state.ledger.entries()) {
    const bool in_flight = state.open && state.open->begin->to == entry.version;
    if (entry.state != ReleaseState::kUnknown || in_flight) continue;
    state.problems.push_back(fmt::format(
        "{} was not put there by this tool, so nothing rolls back to it unless "
        "named, and nothing removes it; `release activate {}` would prove and "
        "record it",
        ReleasePath(entry.version), entry.version.name()));
  }
}

// Returns whether no transaction has changed the deployment between the two.
bool IsSame(const DeploymentState& a, const DeploymentState& b) {
  return a.newest == b.newest && a.open.has_value() == b.open.has_value() &&
         a.current_target == b.current_target &&
         a.listing.versions == b.listing.versions;
}

StatusReport ReadOnce(DeployContext* context, TreeCheck tree_check) {
  StatusReport report;
  report.app = context->config->app;
  report.host = context->caller.host;
  report.state = ReadDeploymentState(context->fs);
  report.activation = FindActivation(context->fs, report.state);
  report.holder = FindLockHolder(context->fs);
  report.rollback_target =
      report.state.ledger.RollbackTarget(report.state.live);
  report.watch = FindWatch(context->fs, report.state);
  report.watch_runs = WatchLock::IsHeld(context->fs);
  LookAtService(context, &report);
  if (report.state.live) CheckLive(context, tree_check, &report);
  const HostPath releases = context->config->root / kReleases;
  std::erase_if(report.old_processes, [&](const ProcessUse& use) {
    const auto version = VersionOfPath(releases, use.path);
    return version && HasInstance(report, *version);
  });
  LookAtOutbox(context->fs, &report);
  AddDoubts(context->fs, &report);
  return report;
}

}  // namespace

bool StatusReport::well() const {
  return state.problems.empty() && state.live && differences.empty() &&
         !unhealthy() && !found_bad();
}

std::optional<std::int64_t> StatusReport::live_since() const {
  if (!state.live) return std::nullopt;
  if (activation) return activation->end->at;
  const std::int64_t since = state.ledger.Find(*state.live)->since;
  if (since == 0) return std::nullopt;
  return since;
}

// The lock is not taken, so a transaction may change the deployment between two
// reads; one that prunes can make a release look damaged. Reads again then.
StatusReport ReadStatus(DeployContext* context, TreeCheck tree_check) {
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    StatusReport report = ReadOnce(context, tree_check);
    if (report.well() || tries == kTries ||
        IsSame(report.state, ReadDeploymentState(context->fs))) {
      return report;
    }
  }
}

std::vector<ListedRelease> ListKnown(DeployContext* context) {
  const DeploymentState state = ReadDeploymentState(context->fs);
  const HostPath releases = context->config->root / kReleases;
  std::map<Version, std::set<int>> pids;
  for (const ProcessUse& use : context->system.runner->UsersOf(releases)) {
    if (auto version = VersionOfPath(releases, use.path)) {
      pids[*version].insert(use.pid);
    }
  }
  const auto target = state.ledger.RollbackTarget(state.live);
  const std::vector<InstanceStatus> instances = ReadInstances(context, state);
  std::vector<ListedRelease> listed;
  for (const LedgerEntry& entry : state.ledger.entries()) {
    const std::set<int>& users = pids[entry.version];
    listed.push_back({.entry = entry,
                      .live = entry.version == state.live,
                      .rollback_target = entry.version == target,
                      .pids = {users.begin(), users.end()},
                      .instance = std::nullopt});
    for (const InstanceStatus& each : instances) {
      if (each.version == entry.version) listed.back().instance = each;
    }
  }
  // Stable, so that releases without a transaction stay sorted by name.
  std::stable_sort(listed.begin(), listed.end(),
                   [](const auto& a, const auto& b) {
                     return a.entry.transaction > b.entry.transaction;
                   });
  return listed;
}

}  // namespace release
