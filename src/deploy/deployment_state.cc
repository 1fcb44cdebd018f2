#include "deploy/standing.h"

#include <fmt/format.h>

#include "base/text.h"
#include "store/layout.h"
#include "store/newest_record.h"

namespace release {
namespace {

void ReadCurrent(Fs* fs, Standing* standing) {
  const auto info = fs->Stat(Fs::kRoot, kCurrent);
  if (!info) return;
  standing->current_is_link = info->type == FileType::kSymlink;
  if (!standing->current_is_link) {
    standing->doubts.push_back(
        fmt::format("{} is not a symbolic link; `release init --adopt` takes "
                    "such a tree over, `release rollback` puts it aside and "
                    "goes to the last good release",
                    kCurrent));
    return;
  }
  standing->current_target = fs->ReadLink(Fs::kRoot, kCurrent);
}

void FindLive(Standing* standing) {
  if (!standing->current_target) return;
  const auto version = VersionOfTarget(*standing->current_target);
  if (version && standing->listing.versions.contains(*version)) {
    standing->live = version;
    return;
  }
  standing->doubts.push_back(
      fmt::format("{} points at {}, which is no release here; `release "
                  "rollback` goes to the last good one, `release init --adopt` "
                  "takes over what another tool made",
                  kCurrent, Quoted(*standing->current_target)));
}

// False where that record does not say how things stand.
bool ReadNewest(Fs* fs, std::optional<std::uint64_t> number,
                Standing* standing) {
  if (!number) return false;
  TransactionRecord record = ReadRecord(fs, *number);
  if (!record.end || record.damaged) return false;
  standing->newest = *number;
  standing->ledger = record.end->ledger;
  standing->last = std::move(record);
  return true;
}

void ReadRecords(Fs* fs, Standing* standing) {
  const std::vector<std::uint64_t> numbers = ListRecords(fs);
  standing->newest = NewestNumber(fs);
  for (auto it = numbers.rbegin(); it != numbers.rend(); ++it) {
    TransactionRecord record = ReadRecord(fs, *it);
    if (record.damaged) {
      standing->doubts.push_back(
          fmt::format("record {} is damaged; what of it can be read is used: "
                      "`release history` shows it, `release list` what is "
                      "held to be good",
                      RecordName(*it)));
    }
    if (record.end) {
      standing->ledger = record.end->ledger;
      standing->last = std::move(record);
      return;
    }
    const bool newest = *it == numbers.back();
    if (newest && record.begin) {
      standing->open = std::move(record);
    } else if (newest) {
      standing->unreadable = *it;
    } else {
      standing->doubts.push_back(
          fmt::format("record {} cannot be read to its end; an older one is "
                      "used in its place",
                      RecordName(*it)));
    }
  }
}

// `current` is the truth; the ledger may be behind it only where a person moved
// the link or a record was lost.
void CompareWithLedger(Standing* standing) {
  if (standing->open || !standing->current_is_link) return;
  const auto& line = standing->ledger.line();
  const bool agrees =
      line.empty() ? !standing->live : standing->live == line.back();
  if (agrees) return;
  if (!standing->current_target) {
    standing->doubts.push_back(
        fmt::format("there is no {}, yet the records say that {} went live "
                    "last; `release rollback` goes to the last good one",
                    kCurrent, line.back().name()));
    return;
  }
  standing->doubts.push_back(fmt::format(
      "{} names {}, yet the records say that {} went live last: the link was "
      "moved by hand or a record is lost; `release activate` proves and "
      "records what is to stay, `release rollback` goes to the last good one",
      kCurrent, standing->CurrentName(),
      line.empty() ? "nothing" : line.back().name()));
}

}  // namespace

bool Standing::LiveIsRecorded() const {
  const auto& line = ledger.line();
  return live && !line.empty() && line.back() == *live;
}

std::string Standing::CurrentName() const {
  if (live) return live->name();
  return current_target.value_or("");
}

void RequireLayout(Fs* fs) {
  for (const char* path : {kReleases, kTransactions, kManifests}) {
    const auto info = fs->Stat(Fs::kRoot, path);
    if (info && info->type == FileType::kDirectory) continue;
    throw Error(ErrorCode::kNotInitialized,
                fmt::format("cannot find {} in the root: `release init` makes "
                            "the layout",
                            path),
                path);
  }
}

Standing ReadStanding(Fs* fs, std::optional<std::uint64_t> newest) {
  RequireLayout(fs);
  Standing standing;
  ReadCurrent(fs, &standing);
  standing.listing = ListReleases(fs);
  FindLive(&standing);
  if (!newest) newest = RecallNewest(fs);
  if (!ReadNewest(fs, newest, &standing)) ReadRecords(fs, &standing);
  standing.ledger.Reconcile(standing.listing.versions);
  CompareWithLedger(&standing);
  return standing;
}

Standing ReadForeignStanding(Fs* fs) {
  try {
    return ReadStanding(fs);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotInitialized) throw;
  }
  Standing standing;
  ReadCurrent(fs, &standing);
  const auto releases = fs->Stat(Fs::kRoot, kReleases);
  if (releases && releases->type == FileType::kDirectory) {
    standing.listing = ListReleases(fs);
  }
  FindLive(&standing);
  standing.ledger.Reconcile(standing.listing.versions);
  return standing;
}

void RequireRelease(const Standing& standing, const Version& version) {
  if (standing.listing.versions.contains(version)) return;
  throw Error(ErrorCode::kNoSuchRelease,
              fmt::format("cannot find release {}: there is no {}",
                          version.name(), ReleasePath(version)),
              ReleasePath(version));
}

void RequireLink(const Standing& standing) {
  if (standing.current_is_link) return;
  throw Error(
      ErrorCode::kCurrentNotALink,
      fmt::format("cannot switch {}: it is not a symbolic link; `release init "
                  "--adopt` takes such a tree over",
                  kCurrent),
      kCurrent);
}

Version ChooseRollbackTarget(const Standing& standing,
                             const std::optional<Version>& version) {
  const auto by_history = standing.went_back && standing.live
                              ? standing.live
                              : standing.ledger.RollbackTarget(standing.live);
  const auto target = version ? version : by_history;
  if (!target) {
    throw Error(ErrorCode::kNothingToRollBackTo,
                "cannot roll back: no release was live and good before the "
                "present one");
  }
  RequireRelease(standing, *target);
  return *target;
}

}  // namespace release
