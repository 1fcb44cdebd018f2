// A file system in which a release is set aside and deleted while it is read,
// as by a deploy that prunes.
#ifndef RELEASE_TESTS_SUPPORT_PRUNED_WHILE_READ_H_
#define RELEASE_TESTS_SUPPORT_PRUNED_WHILE_READ_H_

#include <string>
#include <vector>

#include "store/releases.h"
#include "support/mem_fs.h"

namespace release {

class PrunedWhileRead : public MemFs {
 public:
  // The release goes when a directory of its tree is listed first.
  PrunedWhileRead(const MemFs& disk, const Version& version)
      : MemFs(disk), version_(version) {}

  std::vector<DirEntry> List(Handle dir, const std::string& path) override {
    std::vector<DirEntry> entries = MemFs::List(dir, path);
    // Any listing relative to an open directory is one of the release's tree.
    if (dir != kRoot && !gone_) {
      gone_ = true;
      SetAside(this, 99, {version_});
      CollectGarbage(this);
    }
    return entries;
  }

  bool gone() const { return gone_; }

 private:
  Version version_;
  bool gone_ = false;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_PRUNED_WHILE_READ_H_
