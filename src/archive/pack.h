// Packs a directory into an archive. The same tree with the same times gives
// the same bytes, independent of place and user.
//
// Entries stand in the order of their paths, after the manifest. Each has its
// own modification time in whole seconds, or all have one time. Owners are left
// out. Entries that could not be unpacked (entry_rules.h) are refused.
#ifndef RELEASE_ARCHIVE_PACK_H_
#define RELEASE_ARCHIVE_PACK_H_

#include <cstdint>
#include <optional>

#include "archive/compress.h"
#include "base/manifest.h"
#include "os/fs.h"

namespace release {

enum class PackModes {
  // A file's mode is 0755 if its owner may run it, else 0644, and a directory's
  // is 0755, so that no umask shows.
  kPlain,
  kKept,  // as AcceptedMode returns it without a umask
};

struct PackForm {
  PackModes modes = PackModes::kPlain;
  // Seconds since 1970: the time of every entry; nullopt: each has its own, and
  // the archive's manifest has the newest.
  std::optional<std::int64_t> time = {};
  unsigned threads = 0;  // that hash beside the caller's
};

// Lists what the archive of the tree will hold, in version 2. The root of
// `tree` is the directory to pack. Throws Error kUnsafeEntry.
Manifest ManifestOfTree(Fs* tree, const std::optional<Version>& version,
                        const PackForm& form = {});

// Writes the archive of the tree that the manifest was made from. With a `base`
// it is a thin one: its first entry is that manifest, and it has only the files
// whose content the base lacks. Returns the digest of the manifest. Throws
// Error kIoError if a file is no longer as the manifest says.
Sha256Bytes WriteArchive(Fs* tree, const Manifest& manifest,
                         Compression compression, const ByteSink& sink);
Sha256Bytes WriteThinArchive(Fs* tree, const Manifest& manifest, Manifest base,
                             const Sha256Bytes& base_digest,
                             Compression compression, const ByteSink& sink);

}  // namespace release

#endif  // RELEASE_ARCHIVE_PACK_H_
