#include "deploy/switch.h"

#include <fmt/format.h>

#include "store/current.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

// Removes `current`, which did not exist as a link before the transaction. If a
// file or directory had the name, it was set aside by a rollback or moved to
// releases/ by an adoption; exchange it back instead.
void RemoveLink(Fs* fs, const TransactionRecord& record) {
  const std::string aside = record.begin->takes_over
                                ? ReleasePath(*record.begin->to)
                                : AsideName(record.number);
  const auto info = fs->Stat(Fs::kRoot, aside);
  if (info && info->type != FileType::kSymlink) {
    UndoExchange(fs, kCurrent, aside);
    return;
  }
  fs->RemoveFile(Fs::kRoot, kCurrent);
  // Make the link's removal durable before deleting the tree; otherwise a power
  // cut can bring back a dangling link.
  fs->Sync(Fs::kRoot);
}

}  // namespace

bool IsUnmoved(Fs* fs, const BeginRecord& begin, CurrentBefore before) {
  const auto info = fs->Stat(Fs::kRoot, kCurrent);
  const bool is_link = !info || info->type == FileType::kSymlink;
  if (is_link != (before == CurrentBefore::kLink)) return false;
  return !is_link || fs->ReadLink(Fs::kRoot, kCurrent) == begin.from_target;
}

void RequireUnmoved(Fs* fs, const BeginRecord& begin, CurrentBefore before) {
  if (IsUnmoved(fs, begin, before)) return;
  throw Error(ErrorCode::kLinkMoved,
              fmt::format("cannot switch {}: it was moved by hand since this "
                          "transaction began",
                          kCurrent),
              kCurrent);
}

std::optional<std::string> SwitchCurrent(Fs* fs,
                                         const TransactionRecord& record,
                                         CurrentBefore before,
                                         LinkChange link) {
  const std::string target = ReleasePath(*record.begin->to);
  if (before == CurrentBefore::kLink) {
    SwapCurrent(fs, target);
    return std::nullopt;
  }
  if (link == LinkChange::kTakeOver) {
    ExchangeForSymlink(fs, kCurrent, target, target);
    return std::nullopt;
  }
  const std::string aside = AsideName(record.number);
  ExchangeForSymlink(fs, kCurrent, target, aside);
  return fmt::format(
      "{} was not a symbolic link; its previous content is now {}", kCurrent,
      aside);
}

void UndoSwitch(Fs* fs, const TransactionRecord& record,
                RecoveryPlan::Link link) {
  using Link = RecoveryPlan::Link;
  switch (link) {
    case Link::kSync:
      // The link is right, but its rename may not be durable yet.
      fs->Sync(Fs::kRoot);
      break;
    case Link::kRestore:
      SwapCurrent(fs, *record.begin->from_target);
      break;
    case Link::kRemove:
      RemoveLink(fs, record);
      break;
    case Link::kLeave:
    case Link::kStuck:
      break;
  }
}

void RequireLive(Fs* fs, const Version& version) {
  if (fs->ReadLink(Fs::kRoot, kCurrent) == ReleasePath(version)) return;
  throw Error(ErrorCode::kLinkMoved,
              fmt::format("cannot keep {}: {} was moved by hand while it was "
                          "being proved",
                          version.name(), kCurrent),
              kCurrent);
}

}  // namespace release
