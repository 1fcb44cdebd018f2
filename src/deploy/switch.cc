#include "deploy/switch.h"

#include <fmt/format.h>

#include "store/current.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {

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

void RequireLive(Fs* fs, const Version& version) {
  if (fs->ReadLink(Fs::kRoot, kCurrent) == ReleasePath(version)) return;
  throw Error(ErrorCode::kLinkMoved,
              fmt::format("cannot keep {}: {} was moved by hand while it was "
                          "being proved",
                          version.name(), kCurrent),
              kCurrent);
}

}  // namespace release
