// Makes the tree of a release a second time, for a restart.
#ifndef RELEASE_STORE_REPUBLISH_H_
#define RELEASE_STORE_REPUBLISH_H_

#include <cstdint>

#include "base/manifest.h"
#include "base/version.h"
#include "os/fs.h"

namespace release {

// Makes the entries of the manifest of release `from` in the empty directory
// `to`, with their owners, modes and times. A file gets a further name (hard
// link). If it cannot have one, it is copied, with shared blocks if the file
// system can do that. Returns how many files were copied. Leaves out entries
// that the manifest lacks. Not durable. Throws Error kReleaseAltered if an
// entry is missing or of another kind; FsError.
std::uint64_t RepublishTree(Fs* fs, const Version& from,
                            const Manifest& manifest, Fs::Handle to);

}  // namespace release

#endif  // RELEASE_STORE_REPUBLISH_H_
