// The place and the limits for reading one archive. A leaf of this room.
#ifndef RELEASE_ARCHIVE_SPOOL_H_
#define RELEASE_ARCHIVE_SPOOL_H_

#include <cstdint>
#include <string>

#include "os/fs.h"

namespace release {

// zip and 7z archives are copied to a new file of this name, which is unlinked
// at once.
struct Spool {
  Fs* fs = nullptr;
  Fs::Handle directory = Fs::kRoot;
  std::string name;
  std::uint64_t max_size = 0;  // bytes; a larger copy is kLimitExceeded; 0: any
  // More entries in the list of a zip or in a manifest, which are known before
  // the entries themselves are counted, are kLimitExceeded; 0: any.
  std::uint64_t max_entries = 0;
  // Threads that may decode a zip beside the caller; one more hashes the
  // archive. 0: the caller's thread does all.
  unsigned threads = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_SPOOL_H_
