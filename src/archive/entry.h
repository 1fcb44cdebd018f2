// An entry of an archive. A leaf of this room.
#ifndef RELEASE_ARCHIVE_ENTRY_H_
#define RELEASE_ARCHIVE_ENTRY_H_

#include <cstdint>
#include <optional>
#include <string>

namespace release {

// An entry as the archive has it; not yet checked or normalised.
struct ArchiveEntry {
  enum class Kind { kFile, kDirectory, kSymlink, kHardLink, kOther };
  Kind kind = Kind::kFile;
  std::string path;                   // bytes as in the archive
  std::string target;                 // of a symbolic or hard link
  unsigned mode = 0;                  // permission bits, 07777
  std::optional<std::uint64_t> size;  // bytes, if the archive says
  // Modification time in nanoseconds since 1970, if the archive says.
  std::optional<std::int64_t> modified;
};

// An entry as it will be made.
struct AcceptedEntry {
  ArchiveEntry::Kind kind = ArchiveEntry::Kind::kFile;  // never kOther
  std::string path;    // normalised, stripped; never empty
  std::string target;  // symbolic link: as in the archive; hard link: a path
                       // like `path`, of a file accepted before
  unsigned mode = 0;   // as AcceptedMode returns it; 0 for links
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_ENTRY_H_
