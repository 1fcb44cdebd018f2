// The half of MemFs that is about kills, power cuts and left-out syncs.
#include <functional>
#include <utility>

#include "support/mem_fs.h"
#include "support/power_cut.h"

namespace release {

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
  const MemFs self(*this);
  ForEachPowerCutImage(self.durable_, self.pending_, [&](MemImage image) {
    MemFs cut(std::move(image));
    cut.next_group_ = self.next_group_;
    cut.now_ = self.now_;
    cut.ignored_ = self.ignored_;
    cut.space_ = self.space_;
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
