// Finds the files of a manifest by their content.
#ifndef RELEASE_ARCHIVE_CONTENT_INDEX_H_
#define RELEASE_ARCHIVE_CONTENT_INDEX_H_

#include <cstring>
#include <unordered_map>

#include "base/manifest.h"

namespace release {

// Whether the manifests of two files promise the same bytes.
inline bool HasSameContent(const ManifestEntry& a, const ManifestEntry& b) {
  return a.kind == EntryKind::kFile && b.kind == EntryKind::kFile &&
         a.size == b.size && a.sha256 == b.sha256;
}

class ContentIndex {
 public:
  // `manifest`, of version 2, outlives this.
  explicit ContentIndex(const Manifest& manifest) {
    for (const ManifestEntry& entry : manifest.entries) {
      if (entry.kind == EntryKind::kFile) files_.emplace(entry.sha256, &entry);
    }
  }

  // Returns a file with that file's SHA-256 and size; null if there is none. If
  // several have them, returns the first by path.
  const ManifestEntry* Find(const ManifestEntry& file) const {
    const auto found = files_.find(file.sha256);
    const bool same = found != files_.end() && found->second->size == file.size;
    return same ? found->second : nullptr;
  }

  // Returns whether a thin archive leaves this file out. An empty one needs no
  // content.
  bool Covers(const ManifestEntry& file) const {
    return file.size == 0 || Find(file) != nullptr;
  }

 private:
  struct Hash {
    std::size_t operator()(const Sha256Bytes& digest) const {
      std::size_t value = 0;
      std::memcpy(&value, digest.data(), sizeof(value));
      return value;
    }
  };
  std::unordered_map<Sha256Bytes, const ManifestEntry*, Hash> files_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_CONTENT_INDEX_H_
