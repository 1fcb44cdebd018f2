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

// Lists what the archive of the tree will hold. The root of `tree` is the
// directory to pack. Throws Error kUnsafeEntry.
Manifest ManifestOfTree(Fs* tree, const std::optional<Version>& version,
                        PackModes modes = PackModes::kPlain);

struct ArchiveForm {
  Compression compression = Compression::kNone;
  // Seconds since 1970: the time of every entry; nullopt: each has its own, and
  // the manifest has the newest.
  std::optional<std::int64_t> time = {};
};

// Writes the archive of the tree that the manifest was made from. Throws Error
// kIoError if a file is no longer as the manifest says.
void WriteArchive(Fs* tree, const Manifest& manifest, const ArchiveForm& form,
                  const ByteSink& sink);

}  // namespace release

#endif  // RELEASE_ARCHIVE_PACK_H_
