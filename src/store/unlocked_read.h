// Reads a release without the lock, while another transaction may remove it.
#ifndef RELEASE_STORE_UNLOCKED_READ_H_
#define RELEASE_STORE_UNLOCKED_READ_H_

#include <optional>

#include "base/error.h"
#include "base/version.h"
#include "os/fs.h"

namespace release {

// The tree that has a release's name. It stays open, so that no other tree gets
// its inode number.
class SeenRelease {
 public:
  // Throws FsError, except that a tree which is not there is simply not seen.
  SeenRelease(Fs* fs, const Version& version);

  bool WasThere() const { return static_cast<bool>(tree_); }

  // Returns whether the tree, which was there, still has the name. A release
  // loses its name before its first file: if this holds after a reading, the
  // reading saw all of one release.
  bool IsThere() const;

 private:
  Fs* fs_;
  const Version& version_;
  ScopedHandle tree_;
};

// Returns the result of `read`. Returns nullopt if the release is not there or
// was removed while it was read, even if `read` threw an Error: retention may
// do that, so it says nothing about the release. Throws as `read` if the
// release stays.
template <typename Read>
auto ReadIfThere(Fs* fs, const Version& version, Read read)
    -> std::optional<decltype(read())> {
  const SeenRelease seen(fs, version);
  if (!seen.WasThere()) return std::nullopt;
  try {
    auto result = read();
    if (!seen.IsThere()) return std::nullopt;
    return result;
  } catch (const Error&) {
    if (!seen.IsThere()) return std::nullopt;
    throw;
  }
}

}  // namespace release

#endif  // RELEASE_STORE_UNLOCKED_READ_H_
