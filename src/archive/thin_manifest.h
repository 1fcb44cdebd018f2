// The first entry of a thin archive: by which base the archive was made, and
// what turns the base's manifest into that of the release. docs/formats.md has
// the text.
//
// A thin archive brings only the files whose content the base lacks. The base
// is a release that the host keeps.
#ifndef RELEASE_ARCHIVE_THIN_MANIFEST_H_
#define RELEASE_ARCHIVE_THIN_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/manifest.h"

namespace release {

// The SHA-256 of a manifest's text, which identifies the release.
Sha256Bytes DigestOf(std::string_view manifest_text);
Sha256Bytes DigestOf(const Manifest& manifest);

struct ThinManifest {
  // Entries of the base, by their numbers from 0.
  struct Range {
    std::size_t first = 0;
    std::size_t count = 0;
    bool operator==(const Range&) const = default;
  };
  // Entries of which nothing but the time differs, as after a fresh checkout.
  struct Times {
    Range range;
    std::int64_t modified = 0;  // of all of them
    bool operator==(const Times&) const = default;
  };
  Sha256Bytes base{};   // digests, see DigestOf
  Sha256Bytes whole{};  // of the release's manifest
  // Both in ascending order: what the release lacks, and new times.
  std::vector<Range> dropped;
  std::vector<Times> times;
  Manifest changed;  // entries that are new or differ, and the version
};

// Returns how `whole` differs from `base`, which has that digest. Both must be
// of version 2.
ThinManifest DifferenceFrom(const Manifest& base, const Sha256Bytes& digest,
                            const Manifest& whole);

std::string FormatThinManifest(const ThinManifest& thin);

// Returns whether a text is meant as a thin manifest, whole or not.
bool IsThinManifest(std::string_view text);

// Throws Error kManifestUnreadable, naming `origin`, if the text is none.
ThinManifest ParseThinManifest(std::string_view text,
                               const std::string& origin);

// Returns the manifest of the release, made of the base's. Throws Error
// kManifestMismatch, naming `origin`, if the result has another digest than the
// thin manifest says.
Manifest Restore(const ThinManifest& thin, const Manifest& base,
                 const std::string& origin);

}  // namespace release

#endif  // RELEASE_ARCHIVE_THIN_MANIFEST_H_
