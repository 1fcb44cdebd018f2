// What a release consists of: every file, directory and symbolic link.
//
// The text form (docs/formats.md) is what stands in `.release/manifests/` and,
// as the entry `.release-manifest`, first in an archive that `pack` made.
#ifndef RELEASE_BASE_MANIFEST_H_
#define RELEASE_BASE_MANIFEST_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/version.h"

namespace release {

// XXH3-128 of a file's bytes, big-endian. It finds accidents, not attackers.
using ContentHash = std::array<unsigned char, 16>;

enum class EntryKind { kFile, kDirectory, kSymlink };

struct ManifestEntry {
  EntryKind kind = EntryKind::kFile;
  std::string path;        // relative to the release, no "./", no trailing "/"
  unsigned mode = 0;       // permission bits; 0 for links
  std::uint64_t size = 0;  // bytes; files only
  ContentHash hash{};      // files only
  std::string target;      // links only

  bool operator==(const ManifestEntry&) const = default;
};

struct Manifest {
  std::optional<Version> version;  // what the archive says it is
  std::vector<ManifestEntry>
      entries;  // sorted by path, bytewise; no path twice

  std::uint64_t TotalBytes() const;
};

// One thing in which two manifests (or a manifest and a disk) differ.
struct ManifestDifference {
  enum class What { kAdded, kRemoved, kChanged, kMode, kTarget, kKind };
  What what = What::kChanged;
  std::string path;
  std::string before;  // of the thing that differs, for people; may be empty
  std::string after;
};

// "added", "removed", "changed", "mode", "target", "kind".
std::string_view DifferenceName(ManifestDifference::What what);

// What changed from `before` to `after`, sorted by path.
std::vector<ManifestDifference> Compare(const Manifest& before,
                                        const Manifest& after);

// The text form; ends with a line that carries a checksum of all before it.
std::string FormatManifest(const Manifest& manifest);

// Reads the text form. Throws Error kManifestUnreadable naming `origin` and the
// line where the text is torn, altered or of a newer format version.
Manifest ParseManifest(std::string_view text, const std::string& origin);

// Hex of a hash, 32 digits.
std::string HashText(const ContentHash& hash);

}  // namespace release

#endif  // RELEASE_BASE_MANIFEST_H_
