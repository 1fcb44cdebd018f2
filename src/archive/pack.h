// A directory as an archive: the same tree gives the same bytes, wherever,
// whenever and by whomever it was made.
//
// Entries stand in the order of their paths, after the manifest. Times and
// owners are left out; a file's mode is 0755 where its owner may run it, else
// 0644, and a directory's is 0755, so that no umask shows. What could not be
// unpacked is refused: entry_rules.h.
#ifndef RELEASE_ARCHIVE_PACK_H_
#define RELEASE_ARCHIVE_PACK_H_

#include <optional>

#include "archive/compress.h"
#include "base/manifest.h"
#include "os/fs.h"

namespace release {

// What the archive of the tree will hold. `tree` shows the directory that is
// packed. Throws Error kUnsafeEntry.
Manifest ManifestOfTree(Fs* tree, const std::optional<Version>& version);

// Writes the archive of the tree that the manifest was made from. Throws Error
// kIoError where a file is no longer as the manifest says.
void WriteArchive(Fs* tree, const Manifest& manifest, Compression compression,
                  const ByteSink& sink);

}  // namespace release

#endif  // RELEASE_ARCHIVE_PACK_H_
