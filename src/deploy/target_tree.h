// The tree that a transaction makes live.
#ifndef RELEASE_DEPLOY_TARGET_TREE_H_
#define RELEASE_DEPLOY_TARGET_TREE_H_

#include <cstdint>
#include <string_view>

#include "base/version.h"
#include "os/fs.h"

namespace release {

// Identifies the directory releases/VERSION, so that a hook or a person who
// moves, removes or replaces it meanwhile is noticed.
class TargetTree {
 public:
  // The directory that is there now. Holds it open if it can, because the
  // inode number of a directory that was removed may be given to a new one.
  // Throws Error kReleaseAltered if there is none.
  TargetTree(Fs* fs, const Version& version);
  // The directory with this inode, which the transaction made. Throws Error
  // kReleaseAltered if releases/VERSION is not that directory.
  TargetTree(Fs* fs, const Version& version, std::uint64_t inode);

  // Throws Error kReleaseAltered if releases/VERSION is no longer that
  // directory. The message begins with "cannot VERB VERSION".
  void RequireInPlace(std::string_view verb) const;

 private:
  Fs* fs_;
  Version version_;
  std::uint64_t inode_ = 0;
  ScopedHandle held_;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_TARGET_TREE_H_
