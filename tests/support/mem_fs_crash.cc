// The part of MemFs that simulates kills, power cuts and ignored syncs.
#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "support/mem_fs.h"
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

MemFs MemFs::Killed() const {
  MemFs copy(*this);
  copy.opened_.clear();
  copy.locks_.clear();
  copy.operations_ = 0;
  copy.budget_.reset();
  copy.syncs_.clear();
  return copy;
}

void MemFs::ForEachPowerCut(const std::function<void(MemFs)>& visit) const {
  // A copy, because `visit` may change this file system.
  const MemFs self(*this);
  ForEachPowerCutImage(self.durable_, self.pending_, [&](MemImage image) {
    MemFs cut(std::move(image));
    cut.next_group_ = self.next_group_;
    cut.now_ = self.now_;
    cut.ignored_ = self.ignored_;
    cut.space_ = self.space_;
    cut.clones_ = self.clones_;
    visit(std::move(cut));
  });
}

void MemFs::IgnoreSync(const std::string& name, unsigned occurrence) {
  ignored_.push_back({name, occurrence});
}

bool MemFs::Ignored(const std::string& name) {
  bool ignored = false;
  for (std::size_t i = 0; i < ignored_.size();) {
    IgnoredSync& rule = ignored_[i];
    if (rule.name == name) {
      // left: 0 ignores every sync, 1 ignores this one and ends the rule, more
      // counts down.
      if (rule.left <= 1) ignored = true;
      if (rule.left == 1) {
        ignored_.erase(ignored_.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      if (rule.left > 1) --rule.left;
    }
    ++i;
  }
  return ignored;
}

std::set<std::uint64_t> MemFs::MovesOfDirectories() const {
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

void MemFs::FinishMoves(const std::set<std::uint64_t>& moves) {
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

std::string MemFs::Image() const {
  const std::lock_guard lock(mutex_);
  MemImageWriter writer;
  writer.Write(live_, kRootIno);
  if (pending_.empty()) return writer.Take();
  writer.Write(durable_, kRootIno);
  std::uint64_t group = 0;
  for (const ChangePtr& change : pending_) {
    writer.Write(*change, live_, durable_, change->group == group);
    group = change->group;
  }
  return writer.Take();
}

}  // namespace release
