// Packs a directory into an archive. The same tree gives the same bytes,
// independent of place, time and user.
//
// Entries stand in the order of their paths, after the manifest. Times and
// owners are left out; a file's mode is 0755 if its owner may run it, else
// 0644, and a directory's is 0755, so that no umask shows. Entries that could
// not be unpacked (entry_rules.h) are refused.
#ifndef RELEASE_ARCHIVE_PACK_H_
#define RELEASE_ARCHIVE_PACK_H_

#include <optional>

#include "archive/compress.h"
#include "base/manifest.h"
#include "os/fs.h"

namespace release {

// Lists what the archive of the tree will hold. The root of `tree` is the
// directory to pack. Throws Error kUnsafeEntry.
Manifest ManifestOfTree(Fs* tree, const std::optional<Version>& version);

// Writes the archive of the tree that the manifest was made from. Throws Error
// kIoError if a file is no longer as the manifest says.
void WriteArchive(Fs* tree, const Manifest& manifest, Compression compression,
                  const ByteSink& sink);

}  // namespace release

#endif  // RELEASE_ARCHIVE_PACK_H_
