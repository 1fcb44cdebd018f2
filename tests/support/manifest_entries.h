// Entries of manifests, with made-up content.
#ifndef RELEASE_TESTS_SUPPORT_MANIFEST_ENTRIES_H_
#define RELEASE_TESTS_SUPPORT_MANIFEST_ENTRIES_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/manifest.h"

namespace release {

inline ManifestEntry File(std::string path, std::uint64_t size = 5,
                          unsigned mode = 0644) {
  ManifestEntry entry{EntryKind::kFile, std::move(path), mode, size, {}, ""};
  for (std::size_t i = 0; i < entry.hash.size(); ++i) {
    entry.hash[i] = static_cast<unsigned char>(size * 31 + i * 17);
  }
  return entry;
}

inline ManifestEntry Directory(std::string path) {
  return {EntryKind::kDirectory, std::move(path), 0755, 0, {}, ""};
}

inline ManifestEntry Link(std::string path, std::string target) {
  return {EntryKind::kSymlink, std::move(path), 0, 0, {}, std::move(target)};
}

inline Manifest Sorted(std::vector<ManifestEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return {std::nullopt, std::move(entries)};
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_MANIFEST_ENTRIES_H_
