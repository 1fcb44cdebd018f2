// The manifest of a release: every file, directory and symbolic link in it.
//
// Its text form (base/manifest_text.h) is stored in `.release/manifests/`. An
// archive made by `pack` contains it as its first entry, `.release-manifest`.
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

// XXH3-128 of a file's bytes, big-endian. It detects damage, not tampering.
using ContentHash = std::array<unsigned char, 16>;
// SHA-256 of a file's bytes. It detects tampering, too.
using Sha256Bytes = std::array<unsigned char, 32>;

enum class EntryKind { kFile, kDirectory, kSymlink };

struct ManifestEntry {
  EntryKind kind = EntryKind::kFile;
  std::string path;        // relative to the release, no "./", no trailing "/"
  unsigned mode = 0;       // permission bits; 0 for links
  std::uint64_t size = 0;  // bytes; files only
  ContentHash hash{};      // files only
  std::string target;      // links only
  // -- only in version 2
  std::int64_t modified = 0;  // seconds since 1970; not in the text of links
  Sha256Bytes sha256{};       // files only

  bool operator==(const ManifestEntry&) const = default;
};

struct Manifest {
  std::optional<Version> version;  // nullopt if the archive names none
  // Sorted by path, bytewise, without duplicates.
  std::vector<ManifestEntry> entries;
  // Version of the text. `pack` writes 2; the host writes 1 of what it
  // unpacked, and keeps the text of `pack` beside it.
  unsigned format = 1;

  // Returns the sum of the sizes of all files.
  std::uint64_t TotalBytes() const;
};

// A difference between two manifests, or between a manifest and a disk.
struct ManifestDifference {
  enum class What { kAdded, kRemoved, kChanged, kMode, kTarget, kKind };
  What what = What::kChanged;
  std::string path;
  std::string before;  // the old value, as text for people; may be empty
  std::string after;   // the new value, likewise
};

// Returns "added", "removed", "changed", "mode", "target" or "kind".
std::string_view DifferenceName(ManifestDifference::What what);

// Lists the changes from `before` to `after`, sorted by path. An entry can have
// several, such as its content and its mode. Times and SHA-256 are not
// compared: only version 2 has them.
std::vector<ManifestDifference> Compare(const Manifest& before,
                                        const Manifest& after);

}  // namespace release

#endif  // RELEASE_BASE_MANIFEST_H_
