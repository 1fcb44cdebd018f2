#include "deploy/operations.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "deploy/notices.h"
#include "deploy/transaction.h"
#include "deploy/undo.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/spare_records.h"

namespace release {
namespace {

Work StagingWork(const std::string& command,
                 const std::shared_ptr<ArchiveStaging>& staging) {
  Work work;
  work.begin.command = command;
  work.prepare = [staging](const Standing& standing, Work* w) {
    staging->Prepare(standing, w);
  };
  work.stage = [staging](Transaction* transaction) {
    staging->Stage(transaction);
  };
  return work;
}

void LeaveMark(Fs* fs, const std::string& path) {
  if (fs->Stat(Fs::kRoot, path)) return;
  const Opened file(fs, fs->Open(Fs::kRoot, path, OpenMode::kCreateNew, 0640));
}

Outcome RecoverLocked(Host* host, bool with_service) {
  RequireLayout(host->fs);
  const Lock lock(host->fs, host->doors.clock, host->caller, host->wait);
  Standing standing = ReadStanding(host->fs);
  std::optional<Outcome> settled = Recover(host, &standing, with_service);
  Outcome outcome;
  outcome.command = "recover";
  outcome.result = "nothing";
  outcome.current = settled ? settled->current : standing.CurrentName();
  outcome.previous = outcome.current;
  if (!settled) {
    outcome.warnings =
        CollectGarbage(host->fs, host->ThreadsFor(kRemoveThreads));
    return outcome;
  }
  outcome.transaction = settled->transaction;
  outcome.version = settled->version;
  outcome.warnings = std::move(settled->warnings);
  outcome.error = std::move(settled->error);
  // Undone is what recovery is for; only what a person must see is no success.
  const bool needs_person = settled->exit == Exit::kNeedsPerson;
  outcome.exit = needs_person ? Exit::kNeedsPerson : Exit::kDone;
  outcome.result = needs_person ? "in-doubt" : "undone";
  return outcome;
}

}  // namespace

Outcome Deploy(Host* host, Offer offer,
               std::optional<Duration> confirm_within) {
  Work work = StagingWork(
      "deploy", std::make_shared<ArchiveStaging>(host, std::move(offer)));
  work.activates = true;
  work.retains = true;
  work.confirm_within = confirm_within;
  return RunTransaction(host, std::move(work));
}

Outcome Stage(Host* host, Offer offer) {
  return RunTransaction(host,
                        StagingWork("stage", std::make_shared<ArchiveStaging>(
                                                 host, std::move(offer))));
}

Outcome Activate(Host* host, const Version& version,
                 std::optional<Duration> confirm_within) {
  Work work;
  work.begin.command = "activate";
  work.begin.to = version;
  work.activates = true;
  work.retains = true;
  work.confirm_within = confirm_within;
  work.prepare = [version](const Standing& standing, Work* w) {
    RequireRelease(standing, version);
    // One that a person linked by hand is proved and recorded like any other.
    if (standing.live != version || !standing.LiveIsRecorded()) return;
    w->activates = false;
    w->result = "unchanged";
  };
  return RunTransaction(host, std::move(work));
}

Outcome Rollback(Host* host, const std::optional<Version>& version,
                 const std::string& reason) {
  Work work;
  work.begin.command = "rollback";
  work.begin.reason = reason;
  work.activates = true;
  work.goes_back = true;
  work.prepare = [version](const Standing& standing, Work* w) {
    // For the record, should it not be there.
    w->begin.to = version;
    w->begin.to = ChooseRollbackTarget(standing, version);
    if (standing.live != *w->begin.to) return;
    w->activates = false;
    w->goes_back = false;
    w->result = "unchanged";
  };
  return RunTransaction(host, std::move(work));
}

Outcome Prune(Host* host) {
  Work work;
  work.begin.command = "prune";
  work.retains = true;
  return RunTransaction(host, std::move(work));
}

Outcome Pin(Host* host, const Version& version, bool pinned) {
  Work work;
  work.begin.command = pinned ? "pin" : "unpin";
  work.begin.to = version;
  work.prepare = [version](const Standing& standing, Work*) {
    RequireRelease(standing, version);
  };
  work.settle = [version, pinned](Ledger* ledger, const Ledger::Cause&) {
    ledger->Pin(version, pinned);
  };
  return RunTransaction(host, std::move(work));
}

Outcome RecoverNow(Host* host, bool with_service) {
  Outcome outcome = RecoverLocked(host, with_service);
  for (std::string& warning : TellNotices(host)) {
    outcome.warnings.push_back(std::move(warning));
  }
  return outcome;
}

bool InitializeLayout(Fs* fs) {
  bool made = false;
  for (const char* path : {kReleases, kShared, kIncoming, kOwn, kTransactions,
                           kManifests, kOutbox}) {
    if (fs->Stat(Fs::kRoot, path)) continue;
    const bool own = std::string_view(path).starts_with(kOwn);
    fs->MakeDirectory(Fs::kRoot, path, own ? 0750 : 0755);
    made = true;
  }
  // The layout before the first transaction relies on it; one that was found
  // may be from somebody who was killed before this.
  SyncDirectory(fs, kOwn);
  SyncDirectory(fs, "");
  if (made) PrepareSpareRecords(fs);
  return made;
}

std::uint64_t RunningTransaction(Fs* fs) {
  const Standing standing = ReadStanding(fs);
  if (!standing.open || !FindLockHolder(fs)) {
    throw Error(ErrorCode::kNothingRunning,
                "cannot find a running transaction");
  }
  return standing.open->number;
}

std::uint64_t Confirm(Fs* fs) {
  const std::uint64_t number = RunningTransaction(fs);
  LeaveMark(fs, ConfirmPath(number));
  return number;
}

std::uint64_t Abort(Fs* fs) {
  const Standing standing = ReadStanding(fs);
  // Until it has looked at its archive a transaction has no record: it is the
  // next one then.
  const bool preparing = !standing.open && FindLockHolder(fs);
  const std::uint64_t number =
      preparing ? standing.newest + 1 : RunningTransaction(fs);
  LeaveMark(fs, AbortPath(number));
  return number;
}

}  // namespace release
