#include "support/mem_disk.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "support/power_cut.h"

namespace release {
namespace {

// Whether two changes of one directory concern the same entry.
bool ShareName(const Change& a, const Change& b) {
  return std::any_of(a.entries.begin(), a.entries.end(), [&](const auto& x) {
    return std::any_of(b.entries.begin(), b.entries.end(),
                       [&](const auto& y) { return x.first == y.first; });
  });
}

}  // namespace

void MemDisk::Add(Change change) {
  if (change.group == 0) change.group = next_group_++;
  change.modified = kTick * now_++;
  pending_.push_back(std::make_shared<const Change>(std::move(change)));
  live_.Apply(*pending_.back());
}

void MemDisk::AddEntry(Ino directory, const std::string& name, Ino ino) {
  Change change;
  change.ino = directory;
  change.entries = {{name, ino}};
  Add(std::move(change));
}

void MemDisk::AddNew(Ino directory, const std::string& name, MemInode inode) {
  inode.modified = inode.changed = kTick * now_;
  // Both images number their inodes alike, so a change applies to either.
  durable_.Add(inode);
  AddEntry(directory, name, live_.Add(std::move(inode)));
}

void MemDisk::AddWrite(Ino ino, std::uint64_t offset, std::string data) {
  Change change;
  change.kind = Change::Kind::kWrite;
  change.ino = ino;
  change.offset = offset;
  change.data = std::move(data);
  Add(std::move(change));
}

void MemDisk::AddDurable(const Change& change) {
  live_.Apply(change);
  durable_.Apply(change);
}

void MemDisk::Sync(Ino ino) {
  // Computed before the changes below leave the list; FinishMoves needs the
  // groups that this sync has begun.
  const std::set<std::uint64_t> moves = MovesOfDirectories();
  std::set<std::uint64_t> begun;
  std::erase_if(pending_, [&](const ChangePtr& change) {
    if (change->ino != ino) return false;
    durable_.Apply(*change);
    if (moves.contains(change->group)) begun.insert(change->group);
    return true;
  });
  FinishMoves(begun);
}

void MemDisk::SyncAll() {
  durable_ = live_;
  pending_.clear();
}

void MemDisk::ForEachPowerCut(const std::function<void(MemDisk)>& visit) const {
  ForEachPowerCutImage(durable_, pending_, [&](MemImage image) {
    MemDisk cut(std::move(image));
    cut.next_group_ = next_group_;
    cut.now_ = now_;
    visit(std::move(cut));
  });
}

std::set<std::uint64_t> MemDisk::MovesOfDirectories() const {
  std::set<std::uint64_t> moves;
  for (const ChangePtr& change : pending_) {
    for (const auto& [name, ino] : change->entries) {
      if (ino == kNoIno) continue;
      if (live_.At(ino).type != FileType::kDirectory) continue;
      moves.insert(change->group);
    }
  }
  return moves;
}

void MemDisk::FinishMoves(const std::set<std::uint64_t>& moves) {
  std::set<ChangePtr> due;
  for (auto it = pending_.begin(); it != pending_.end(); ++it) {
    if (!moves.contains((*it)->group)) continue;
    // Earlier pending changes of the same names become durable with this one;
    // if they stayed pending, a power cut could apply them after it and bring
    // back the old entries.
    std::copy_if(pending_.begin(), std::next(it), std::inserter(due, due.end()),
                 [&](const ChangePtr& earlier) {
                   return earlier->ino == (*it)->ino &&
                          ShareName(*earlier, **it);
                 });
  }
  std::erase_if(pending_, [&](const ChangePtr& change) {
    if (!due.contains(change)) return false;
    durable_.Apply(*change);
    return true;
  });
}

std::string MemDisk::Image() const {
  MemImageWriter writer;
  writer.Write(live_, kRootIno);
  if (pending_.empty()) return writer.Digest();
  writer.Write(durable_, kRootIno);
  std::uint64_t group = 0;
  for (const ChangePtr& change : pending_) {
    writer.Write(*change, live_, durable_, change->group == group);
    group = change->group;
  }
  return writer.Digest();
}

}  // namespace release
