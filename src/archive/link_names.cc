#include "archive/link_names.h"

#include <utility>

namespace release {

std::size_t LinkNames::FirstName(const std::string& path) {
  for (; indexed_ < entries_->size(); ++indexed_) {
    const ManifestEntry& entry = (*entries_)[indexed_];
    if (entry.kind == EntryKind::kFile) files_[entry.path] = indexed_;
  }
  const std::size_t index = files_.at(path);
  const auto it = first_names_.find(index);
  return it == first_names_.end() ? index : it->second;
}

void LinkNames::Add(const std::string& path, std::size_t first) {
  ManifestEntry made = (*entries_)[first];
  made.path = path;
  first_names_[entries_->size()] = first;
  other_names_[first].push_back(entries_->size());
  entries_->push_back(std::move(made));
}

void LinkNames::SetContent(std::size_t first, std::uint64_t size,
                           const ContentHash& hash) {
  std::vector<std::size_t> all = other_names_[first];
  all.push_back(first);
  for (const std::size_t index : all) {
    (*entries_)[index].size = size;
    (*entries_)[index].hash = hash;
  }
}

}  // namespace release
