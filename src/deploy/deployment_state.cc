#include "deploy/deployment_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"
#include "base/text.h"
#include "store/layout.h"
#include "store/newest_record.h"

namespace release {
namespace {

void ReadCurrent(Fs* fs, DeploymentState* state) {
  const auto info = fs->Stat(Fs::kRoot, kCurrent);
  if (!info) return;
  state->current_is_link = info->type == FileType::kSymlink;
  if (!state->current_is_link) {
    state->problems.push_back(
        fmt::format("{} is not a symbolic link; `release init --adopt` takes "
                    "such a tree over, `release rollback` puts it aside and "
                    "goes to the last good release",
                    kCurrent));
    return;
  }
  state->current_target = fs->ReadLink(Fs::kRoot, kCurrent);
}

// Sets `live` if `current` points at a release that exists. Any other target is
// a problem, because retention then cannot tell which release is live.
void FindLive(DeploymentState* state) {
  if (!state->current_target) return;
  const auto version = VersionOfTarget(*state->current_target);
  if (version && state->listing.versions.contains(*version)) {
    state->live = version;
    return;
  }
  state->problems.push_back(
      fmt::format("{} points at {}, which is no release here; `release "
                  "rollback` goes to the last good one, `release init --adopt` "
                  "takes over what another tool made",
                  kCurrent, Quoted(*state->current_target)));
}

// Reads the state from one record, without listing the directory. Returns false
// if the record has not ended or is damaged; the caller must then read them
// all.
bool ReadNewest(Fs* fs, std::optional<std::uint64_t> number,
                DeploymentState* state) {
  if (!number) return false;
  TransactionRecord record = ReadRecord(fs, *number);
  if (!record.end || record.damaged) return false;
  state->newest = *number;
  state->ledger = record.end->ledger;
  state->last = std::move(record);
  return true;
}

// Reads records from the newest back. Each ended record holds the complete
// ledger, so the first one that has ended is enough. Only the newest record may
// be open, because a transaction begins only after the one before it was
// settled. An older record without an end is unusable, so an earlier ledger is
// used instead.
void ReadRecords(Fs* fs, DeploymentState* state) {
  const std::vector<std::uint64_t> numbers = ListRecords(fs);
  state->newest = NewestNumber(fs);
  for (auto it = numbers.rbegin(); it != numbers.rend(); ++it) {
    TransactionRecord record = ReadRecord(fs, *it);
    if (record.damaged) {
      state->problems.push_back(
          fmt::format("record {} is damaged; what of it can be read is used: "
                      "`release history` shows it, `release list` what is "
                      "held to be good",
                      RecordName(*it)));
    }
    if (record.end) {
      state->ledger = record.end->ledger;
      state->last = std::move(record);
      return;
    }
    const bool newest = *it == numbers.back();
    if (newest && record.begin) {
      state->open = std::move(record);
    } else if (newest) {
      state->unreadable = *it;
    } else {
      state->problems.push_back(
          fmt::format("record {} cannot be read to its end; an older one is "
                      "used in its place",
                      RecordName(*it)));
    }
  }
}

// Reports a problem if `current` and the ledger disagree. `current` is the
// truth; the ledger differs only if a person moved the link or a record was
// lost. While a transaction is open, a difference is normal.
void CompareWithLedger(DeploymentState* state) {
  if (state->open || !state->current_is_link) return;
  const auto& line = state->ledger.activation_order();
  const bool agrees = line.empty() ? !state->live : state->live == line.back();
  if (agrees) return;
  if (!state->current_target) {
    state->problems.push_back(
        fmt::format("there is no {}, yet the records say that {} went live "
                    "last; `release rollback` goes to the last good one",
                    kCurrent, line.back().name()));
    return;
  }
  state->problems.push_back(fmt::format(
      "{} names {} but the records name {}: the link was "
      "moved by hand or a record is lost; `release activate` proves and "
      "records what is to stay, `release rollback` goes to the last good one",
      kCurrent, state->CurrentName(),
      line.empty() ? "nothing" : line.back().name()));
}

// Returns the first directory that every transaction needs and that is missing,
// or null.
const char* FindMissing(Fs* fs) {
  for (const char* path : {kReleases, kTransactions, kManifests}) {
    const auto info = fs->Stat(Fs::kRoot, path);
    if (!info || info->type != FileType::kDirectory) return path;
  }
  return nullptr;
}

// The directory of a file system that is not mounted is empty, and must not
// pass for a root without releases: nothing would tell a person to mount it.
[[noreturn]] void ThrowMissing(Fs* fs, const char* path) {
  if (fs->List(Fs::kRoot, "").empty()) {
    throw Error(ErrorCode::kNotInitialized,
                fmt::format("cannot find {} in the root, which is empty: mount "
                            "the root's file system if it has one of its own; "
                            "otherwise `release init` makes the layout",
                            path),
                path);
  }
  throw Error(ErrorCode::kNotInitialized,
              fmt::format("cannot find {} in the root: `release init` makes "
                          "the layout",
                          path),
              path);
}

// Returns whether the root has something, and nothing but parts of the layout.
bool HasOnlyLayout(Fs* fs) {
  const std::vector<DirEntry> entries = fs->List(Fs::kRoot, "");
  return !entries.empty() &&
         std::all_of(entries.begin(), entries.end(), [](const DirEntry& entry) {
           return entry.name == kReleases || entry.name == kShared ||
                  entry.name == kIncoming || entry.name == kOwn;
         });
}

void ReadTrees(Fs* fs, DeploymentState* state) {
  ReadCurrent(fs, state);
  state->listing = ListReleases(fs);
  FindLive(state);
}

void BringInLine(DeploymentState* state) {
  state->ledger.Reconcile(state->listing.versions);
  CompareWithLedger(state);
}

std::optional<Version> TargetByHistory(const DeploymentState& state) {
  // An admin who calls `rollback` after a crash wants to leave the release that
  // was being activated. Recovery has done so; going back further would leave a
  // good release.
  if (state.went_back && state.live) return state.live;
  return state.ledger.RollbackTarget(state.live);
}

// A release that a person linked by hand is no longer the rollout's.
bool MadeLiveBy(const DeploymentState& state, const std::string& rollout) {
  const LedgerEntry* entry =
      state.live ? state.ledger.Find(*state.live) : nullptr;
  return entry != nullptr && entry->rollout == rollout &&
         state.LiveIsRecorded();
}

}  // namespace

bool DeploymentState::LiveIsRecorded() const {
  const auto& line = ledger.activation_order();
  return live && !line.empty() && line.back() == *live;
}

std::string DeploymentState::RestartOf(const Version& version) const {
  const bool in_flight =
      open && open->begin->creates && open->begin->to == version;
  return in_flight ? open->begin->restart_of : ledger.RestartOf(version);
}

std::string DeploymentState::CurrentName() const {
  if (live) return live->name();
  return current_target.value_or("");
}

void RequireLayout(Fs* fs) {
  if (const char* path = FindMissing(fs)) ThrowMissing(fs, path);
}

bool IsHalfMade(Fs* fs) {
  return FindMissing(fs) != nullptr && HasOnlyLayout(fs);
}

void RequireRootOnOneFileSystem(Fs* fs) {
  const auto root = fs->Stat(Fs::kRoot, "");
  for (const char* path : {kReleases, kOwn, kTransactions, kManifests}) {
    const auto info = fs->Stat(Fs::kRoot, path);
    if (!root || !info || info->device == root->device) continue;
    throw Error(ErrorCode::kRootUnsafe,
                fmt::format("cannot stage in {}: it is on another file system "
                            "than the root, which must be one; unmount it, or "
                            "mount the whole root from there",
                            path),
                path);
  }
}

DeploymentState ReadDeploymentState(Fs* fs,
                                    std::optional<std::uint64_t> newest) {
  DeploymentState state;
  if (const char* path = FindMissing(fs)) {
    if (!HasOnlyLayout(fs)) ThrowMissing(fs, path);
    state.problems.emplace_back(
        "the layout is not complete, as if `release init` had been killed; run "
        "it again");
    return state;
  }
  ReadTrees(fs, &state);
  // The cached number avoids listing thousands of records.
  if (!newest) newest = RecallNewest(fs);
  if (!ReadNewest(fs, newest, &state)) ReadRecords(fs, &state);
  BringInLine(&state);
  return state;
}

DeploymentState ReadStateAfter(Fs* fs, const TransactionRecord& record) {
  DeploymentState state;
  ReadTrees(fs, &state);
  state.newest = record.number;
  state.ledger = record.end->ledger;
  state.last = record;
  BringInLine(&state);
  return state;
}

DeploymentState ReadForeignStanding(Fs* fs) {
  try {
    return ReadDeploymentState(fs);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotInitialized) throw;
  }
  // The root may come from another tool: releases/ may exist without records.
  DeploymentState state;
  ReadCurrent(fs, &state);
  const auto releases = fs->Stat(Fs::kRoot, kReleases);
  if (releases && releases->type == FileType::kDirectory) {
    state.listing = ListReleases(fs);
  }
  FindLive(&state);
  state.ledger.Reconcile(state.listing.versions);
  return state;
}

void ThrowNoSuchRelease(const std::set<Version>& present,
                        const Version& version) {
  std::vector<std::string> names;
  for (const Version& each : present) names.push_back(each.name());
  throw Error(
      ErrorCode::kNoSuchRelease,
      fmt::format("cannot find release {}: there is no {}{}", version.name(),
                  ReleasePath(version), DidYouMean(version.name(), names)),
      ReleasePath(version));
}

void RequireRelease(const DeploymentState& state, const Version& version) {
  if (state.listing.versions.contains(version)) return;
  ThrowNoSuchRelease(state.listing.versions, version);
}

const Version& RequireLive(const DeploymentState& state) {
  if (state.live) return *state.live;
  throw Error(ErrorCode::kNoSuchRelease,
              "cannot find the live release: none is live");
}

void RequireExpectedLive(const DeploymentState& state,
                         const std::optional<std::string>& expected) {
  const std::string live = state.CurrentName();
  if (!expected || live == *expected) return;
  const auto words = [](const std::string& name) {
    return name.empty() ? "no release" : name;
  };
  throw Error(ErrorCode::kLiveDiffers,
              fmt::format("cannot change what is live: {} is live, and {} was "
                          "expected; `release status` says who changed it",
                          words(live), words(*expected)),
              kCurrent, *expected, live);
}

void RequireLink(const DeploymentState& state) {
  if (state.current_is_link) return;
  throw Error(
      ErrorCode::kCurrentNotALink,
      fmt::format("cannot switch {}: it is not a symbolic link; `release init "
                  "--adopt` takes such a tree over",
                  kCurrent),
      kCurrent);
}

void RequireReversible(const DeploymentState& state, const Version& target) {
  const auto left = state.ledger.IrreversibleSince(target, state.live);
  if (left.empty()) return;
  throw Error(
      ErrorCode::kIrreversible,
      fmt::format("cannot roll back to {} just like that: {} was deployed as "
                  "irreversible, so {} may not work with the data that it "
                  "left; `release rollback {} --yes` goes back all the same",
                  target.name(), left.front().name(), target.name(),
                  target.name()),
      left.front().name());
}

std::optional<Version> ChooseRollbackTarget(
    const DeploymentState& state, const std::optional<Version>& version,
    const std::string& rollout) {
  if (!rollout.empty() && !MadeLiveBy(state, rollout)) return state.live;
  const auto target = version           ? version
                      : rollout.empty() ? TargetByHistory(state)
                                        : state.ledger.BeforeRollout(rollout);
  if (!target) {
    throw Error(
        ErrorCode::kNothingToRollBackTo,
        rollout.empty()
            ? "cannot roll back: no release was live and good before the "
              "present one"
            : fmt::format("cannot undo rollout {}: no release was live and "
                          "good before it",
                          rollout));
  }
  RequireRelease(state, *target);
  return target;
}

}  // namespace release
