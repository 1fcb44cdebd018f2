// Unpacks an archive into a directory, or only hashes what it would unpack.
#ifndef RELEASE_ARCHIVE_UNPACK_H_
#define RELEASE_ARCHIVE_UNPACK_H_

#include <cstdint>
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
  std::optional<OwnerIds> owner;            // empty: the caller
  unsigned umask = 0022;                    // as AcceptedMode takes it
  std::vector<std::string> absolute_links;  // as EntryRules takes them
  // Paths of shared directories and files: entries at or below them are left
  // out, and the caller puts its links there.
  std::vector<std::string> reserved;
  // Threads that write while the caller reads and hashes; 0: the caller's
  // thread does all.
  unsigned writing_threads = 0;
  // The tree from which equal files are taken over; null: none. With a reader
  // that composes, it must be the tree of the base.
  EarlierTree* earlier = nullptr;
};

struct Unpacked {
  Manifest manifest;   // of what is now in the directory
  std::string sha256;  // of the archive
  std::uint64_t archive_bytes = 0;
  std::vector<std::string> left_out;  // entries at or below `reserved`
  // Entries other than directories of which stripping leaves no name.
  std::uint64_t stripped = 0;
  std::string first_stripped;  // path in the archive; empty if there is none
};

// Unpacks all of `reader` into the empty directory `directory` of `fs`, which
// no other process may enter, and checks completeness. Entries are checked by
// archive/entry_rules.h; a refusal is kUnsafeEntry naming the entry. The tree
// is not yet durable on return. Symbolic links are made last. If `fs` is null,
// it writes no file, and the manifest lists what it would write. Throws Error
// kArchiveEmpty if no entry is left to unpack.
Unpacked Unpack(Reader* reader, Fs* fs, Fs::Handle directory,
                const UnpackOptions& options);

}  // namespace release

#endif  // RELEASE_ARCHIVE_UNPACK_H_
