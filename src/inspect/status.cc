#include "deploy/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "store/layout.h"
#include "store/outbox.h"
#include "store/releases.h"
#include "store/verify.h"

namespace release {
namespace {

std::vector<ProcessUse> Strays(Host* host, const Version& live) {
  const std::string releases = host->config->root + "/" + kReleases;
  std::vector<ProcessUse> strays;
  std::set<int> seen;
  for (const ProcessUse& use : host->doors.runner->UsersOf(releases)) {
    const auto version = VersionOfPath(releases, use.path);
    if (version && *version != live && seen.insert(use.pid).second) {
      strays.push_back(use);
    }
  }
  return strays;
}

void CheckLive(Host* host, TreeCheck tree_check, StatusReport* report) {
  Standing& standing = report->standing;
  const Version& live = *standing.live;
  const unsigned threads = host->ThreadsFor(kVerifyThreads);
  try {
    // Where there is none, that is told with those of other releases.
    if (HasManifest(host->fs, live)) {
      report->differences = tree_check == TreeCheck::kBytes
                                ? VerifyRelease(host->fs, live, threads)
                                : CompareShape(host->fs, live, threads);
    }
  } catch (const Error& error) {
    standing.doubts.emplace_back(error.what());
  }
  report->strays = Strays(host, live);
  Service service(host->config, host->doors);
  report->unhealthy = service.ProbeOnce({.app = host->config->app,
                                         .version = live.name(),
                                         .root = host->config->root,
                                         .step = "status"});
}

// Without a manifest nobody can say what was shipped.
void AddMissingManifests(Fs* fs, Standing* standing) {
  for (const LedgerEntry& entry : standing->ledger.entries()) {
    const bool in_flight =
        standing->open && standing->open->begin->to == entry.version;
    if (entry.state == ReleaseState::kUnknown || in_flight ||
        HasManifest(fs, entry.version)) {
      continue;
    }
    standing->doubts.push_back(fmt::format(
        "there is no {}, so nobody can tell whether {} is whole; deploy the "
        "same archive under another version to have a release that can be "
        "checked",
        ManifestPath(entry.version), ReleasePath(entry.version)));
  }
}

void LookAtOutbox(Fs* fs, StatusReport* report) {
  report->undelivered = ListOutbox(fs).size();
  std::int64_t last = 0;
  for (const auto& [name, tries] : ReadTries(fs)) {
    if (tries.last < last || report->undelivered == 0) continue;
    last = tries.last;
    report->undelivered_reason = tries.reason;
  }
}

void AddUnfinished(StatusReport* report) {
  Standing& standing = report->standing;
  // Somebody who runs may not have written its first line yet.
  if (standing.unreadable && !report->holder) {
    standing.doubts.push_back(fmt::format(
        "record {} has no beginning that can be read: its command died before "
        "it changed anything, or the record was damaged; `release recover`, "
        "or the next command that changes something, clears it away",
        RecordName(*standing.unreadable)));
  }
  if (report->interrupted()) {
    standing.doubts.push_back(fmt::format(
        "transaction {} ({}) was interrupted in step {}; `release recover`, or "
        "the next command that changes something, settles it",
        standing.open->number, standing.open->begin->command,
        standing.open->current_step.empty() ? "begin"
                                            : standing.open->current_step));
  }
  if (standing.last && standing.last->end->exit == Exit::kNeedsPerson) {
    standing.doubts.push_back(fmt::format("transaction {} ended in doubt: {}",
                                          standing.last->number,
                                          standing.last->end->message));
  }
}

void AddDoubts(Fs* fs, StatusReport* report) {
  AddUnfinished(report);
  Standing& standing = report->standing;
  AddMissingManifests(fs, &standing);
  for (const std::string& name : standing.listing.strangers) {
    standing.doubts.push_back(
        fmt::format("{}/{} is no release; the tool neither uses nor removes it",
                    kReleases, name));
  }
  for (const LedgerEntry& entry : standing.ledger.entries()) {
    const bool in_flight =
        standing.open && standing.open->begin->to == entry.version;
    if (entry.state != ReleaseState::kUnknown || in_flight) continue;
    standing.doubts.push_back(fmt::format(
        "{} was not put there by this tool, so nothing rolls back to it unless "
        "named, and nothing removes it; `release activate {}` would prove and "
        "record it",
        ReleasePath(entry.version), entry.version.name()));
  }
}

}  // namespace

bool StatusReport::well() const {
  return standing.doubts.empty() && standing.live && differences.empty() &&
         unhealthy.empty();
}

StatusReport ReadStatus(Host* host, TreeCheck tree_check) {
  StatusReport report;
  report.standing = ReadStanding(host->fs);
  report.holder = FindLockHolder(host->fs);
  report.rollback_target =
      report.standing.ledger.RollbackTarget(report.standing.live);
  if (report.standing.live) CheckLive(host, tree_check, &report);
  LookAtOutbox(host->fs, &report);
  AddDoubts(host->fs, &report);
  return report;
}

std::vector<ListedRelease> ListKnown(Host* host) {
  const Standing standing = ReadStanding(host->fs);
  const std::string releases = host->config->root + "/" + kReleases;
  std::map<Version, std::set<int>> pids;
  for (const ProcessUse& use : host->doors.runner->UsersOf(releases)) {
    if (auto version = VersionOfPath(releases, use.path)) {
      pids[*version].insert(use.pid);
    }
  }
  const auto target = standing.ledger.RollbackTarget(standing.live);
  std::vector<ListedRelease> listed;
  for (const LedgerEntry& entry : standing.ledger.entries()) {
    const std::set<int>& users = pids[entry.version];
    listed.push_back({.entry = entry,
                      .live = entry.version == standing.live,
                      .rollback_target = entry.version == target,
                      .pids = {users.begin(), users.end()}});
  }
  std::stable_sort(listed.begin(), listed.end(),
                   [](const auto& a, const auto& b) {
                     return a.entry.transaction > b.entry.transaction;
                   });
  return listed;
}

}  // namespace release
