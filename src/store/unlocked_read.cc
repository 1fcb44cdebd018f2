#include "store/unlocked_read.h"

#include <cerrno>

#include "store/layout.h"

namespace release {

SeenRelease::SeenRelease(Fs* fs, const Version& version)
    : fs_(fs), version_(version) {
  try {
    tree_ = {fs, fs->OpenDirectory(Fs::kRoot, ReleasePath(version))};
  } catch (const FsError& error) {
    if (error.error_number() != ENOENT) throw;
  }
}

bool SeenRelease::IsThere() const {
  const auto named = fs_->Stat(Fs::kRoot, ReleasePath(version_));
  return named && named->inode == fs_->StatHandle(tree_.get()).inode;
}

}  // namespace release
