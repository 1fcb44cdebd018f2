// The part of MemFs that simulates kills, power cuts and ignored syncs.
#include <functional>
#include <utility>

#include "support/mem_fs.h"

namespace release {

MemFs MemFs::Killed() const {
  const std::lock_guard lock(mutex_);
  return KilledWhileLocked();
}

MemFs MemFs::KilledWhileLocked() const {
  MemFs copy;
  copy.Assign(*this);
  copy.opened_.clear();
  copy.locks_.clear();
  copy.operations_ = 0;
  copy.budget_.reset();
  copy.syncs_.ClearNames();
  return copy;
}

void MemFs::ForEachPowerCut(const std::function<void(MemFs)>& visit) const {
  // A copy, because `visit` may change this file system.
  const MemFs self(*this);
  self.disk_.ForEachPowerCut([&](MemDisk disk) {
    MemFs cut;
    cut.disk_ = std::move(disk);
    cut.syncs_ = self.syncs_;
    cut.syncs_.ClearNames();
    cut.space_ = self.space_;
    cut.clones_ = self.clones_;
    visit(std::move(cut));
  });
}

std::string MemFs::Image() const {
  const std::lock_guard lock(mutex_);
  return disk_.Image();
}

}  // namespace release
