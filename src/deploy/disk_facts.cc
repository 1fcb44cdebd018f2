#include "deploy/disk_facts.h"

#include "store/layout.h"

namespace release {

std::optional<std::string> ReadCurrentTarget(Fs* fs, const BeginRecord& begin) {
  const auto info = fs->Stat(Fs::kRoot, kCurrent);
  if (info && info->type != FileType::kSymlink) {
    if (!begin.from_target) return std::nullopt;
    return "";
  }
  return fs->ReadLink(Fs::kRoot, kCurrent);
}

DiskFacts ReadDiskFacts(Fs* fs, const BeginRecord& begin) {
  DiskFacts facts;
  facts.current_target = ReadCurrentTarget(fs, begin);
  if (begin.to) {
    const auto to = fs->Stat(Fs::kRoot, ReleasePath(*begin.to));
    if (to) facts.to_inode = to->inode;
  }
  if (begin.from_target) {
    const auto version = VersionOfTarget(*begin.from_target);
    // A target that is not releases/VERSION was made by another tool. It may
    // lie outside the root, so it cannot be checked; assume that it exists.
    facts.from_exists =
        !version || fs->Stat(Fs::kRoot, ReleasePath(*version)).has_value();
  }
  return facts;
}

}  // namespace release
