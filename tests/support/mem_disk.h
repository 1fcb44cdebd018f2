// A disk with a write cache, as a value: the disk of MemFs.
#ifndef RELEASE_TESTS_SUPPORT_MEM_DISK_H_
#define RELEASE_TESTS_SUPPORT_MEM_DISK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/mem_image.h"

namespace release {

// A clock of ticks, each a second long in nanoseconds: each change gets a later
// time than the one before.
inline constexpr std::int64_t kTick = 1'000'000'000;

// Keeps a visible and a durable image, and the changes between them. A sync
// moves changes of one inode from the pending list into the durable image; if
// they make or move a directory, the other half of the move goes with them.
class MemDisk {
 public:
  // An empty root directory, which is durable.
  MemDisk() = default;
  // A disk on which nothing is pending.
  explicit MemDisk(MemImage image) : live_(image), durable_(std::move(image)) {}

  const MemImage& live() const { return live_; }
  std::size_t pending() const { return pending_.size(); }
  // A number for changes that a power cut keeps or loses together.
  std::uint64_t NewGroup() { return next_group_++; }

  // Makes a change visible; it is then pending.
  void Add(Change change);
  void AddEntry(Ino directory, const std::string& name, Ino ino);
  // Adds a new inode and its entry as one operation. The inode itself is put
  // into both images, because its type and mode persist with the entry; only
  // the entry is pending.
  void AddNew(Ino directory, const std::string& name, MemInode inode);
  void AddWrite(Ino ino, std::uint64_t offset, std::string data);
  // Makes a change in both images.
  void AddDurable(const Change& change);

  void Sync(Ino ino);
  void SyncAll();

  // As MemFs::ForEachPowerCut and MemFs::Image.
  void ForEachPowerCut(const std::function<void(MemDisk)>& visit) const;
  std::string Image() const;

 private:
  // Returns the groups of pending changes that make or move a directory.
  std::set<std::uint64_t> MovesOfDirectories() const;
  // Makes the remaining changes of those groups durable.
  void FinishMoves(const std::set<std::uint64_t>& moves);

  MemImage live_;
  MemImage durable_;
  std::vector<ChangePtr> pending_;
  std::uint64_t next_group_ = 1;
  std::int64_t now_ = 1;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_MEM_DISK_H_
