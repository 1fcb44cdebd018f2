#include "support/sync_log.h"

#include <cstddef>

namespace release {

void SyncLog::Ignore(const std::string& name, unsigned occurrence) {
  ignored_.push_back({name, occurrence});
}

bool SyncLog::Note(const std::string& name) {
  names_.push_back(name);
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
  return !ignored;
}

}  // namespace release
