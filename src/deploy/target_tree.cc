#include "deploy/target_tree.h"

#include <fmt/format.h>

#include <string>

#include "store/layout.h"

namespace release {
namespace {

[[noreturn]] void Refuse(std::string_view verb, const Version& version,
                         std::string_view what) {
  const std::string path = ReleasePath(version);
  throw Error(ErrorCode::kReleaseAltered,
              fmt::format("cannot {} {}: {} {} since this transaction began",
                          verb, version.name(), path, what),
              path);
}

std::uint64_t InodeOf(Fs* fs, const Version& version) {
  const auto info = fs->Stat(Fs::kRoot, ReleasePath(version));
  if (!info) Refuse("activate", version, "was removed");
  return info->inode;
}

ScopedHandle OpenIfItCan(Fs* fs, const Version& version) {
  try {
    return {fs, fs->OpenDirectory(Fs::kRoot, ReleasePath(version))};
  } catch (const FsError&) {
    // A rollback must work without it, for example if no descriptor is free.
    return {};
  }
}

}  // namespace

TargetTree::TargetTree(Fs* fs, const Version& version)
    : TargetTree(fs, version, InodeOf(fs, version)) {}

TargetTree::TargetTree(Fs* fs, const Version& version, std::uint64_t inode)
    : fs_(fs),
      version_(version),
      inode_(inode),
      held_(OpenIfItCan(fs, version)) {
  RequireInPlace("activate");
}

void TargetTree::RequireInPlace(std::string_view verb) const {
  const auto info = fs_->Stat(Fs::kRoot, ReleasePath(version_));
  if (!info) Refuse(verb, version_, "was removed");
  if (info->inode != inode_ || info->type != FileType::kDirectory) {
    Refuse(verb, version_, "was replaced");
  }
}

}  // namespace release
