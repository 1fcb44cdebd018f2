// Unpacks an archive into a directory, or only hashes what it would unpack.
#ifndef RELEASE_ARCHIVE_UNPACK_H_
#define RELEASE_ARCHIVE_UNPACK_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/earlier_tree.h"
#include "archive/reader.h"
#include "base/manifest.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

struct UnpackOptions {
  unsigned strip_components = 0;  // leading components taken off every path
  // More is kLimitExceeded; 0 is no limit. Directories that the archive only
  // implies count as entries.
  std::uint64_t max_bytes = 0;  // of file content
  std::uint64_t max_entries = 0;
  std::optional<OwnerIds> owner;  // empty: the caller
  // Paths that shared directories and files take: entries at or below them are
  // left out, and the caller puts its links there.
  std::vector<std::string> reserved;
  // That write while the caller reads and hashes; 0: the caller's own does all.
  unsigned writing_threads = 0;
  // Where files are taken over from; null: nowhere.
  EarlierTree* earlier = nullptr;
  // Called now and then with the bytes unpacked so far, which may be the same
  // as before; may throw to stop.
  std::function<void(std::uint64_t bytes)> progress;
};

struct Unpacked {
  Manifest manifest;   // of what is now in the directory
  std::string sha256;  // of the archive
  std::uint64_t archive_bytes = 0;
  std::vector<std::string> left_out;  // entries that gave way to `reserved`
};

// Unpacks all of `reader` into the empty directory `directory` of `fs`, which
// nobody else can enter, and checks completeness. Entries are checked by
// archive/entry_rules.h; a refusal is kUnsafeEntry naming the entry. Nothing is
// durable on return. Symbolic links are made last. With `fs` null nothing is
// written: the manifest is what would be there.
// Where nothing is left to unpack it is kArchiveEmpty.
Unpacked Unpack(Reader* reader, Fs* fs, Fs::Handle directory,
                const UnpackOptions& options);

}  // namespace release

#endif  // RELEASE_ARCHIVE_UNPACK_H_
