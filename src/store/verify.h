// Is a release on disk still what was shipped?
#ifndef RELEASE_STORE_VERIFY_H_
#define RELEASE_STORE_VERIFY_H_

#include <string>
#include <vector>

#include "base/manifest.h"
#include "base/version.h"
#include "os/fs.h"

namespace release {

// Re-hashes a release on disk and compares it with its manifest; empty where
// nothing differs. Throws Error kManifestUnreadable. `threads` read beside the
// caller's; 0: it alone does.
std::vector<ManifestDifference> VerifyRelease(Fs* fs, const Version& version,
                                              unsigned threads = 0);

// The same without reading a file: names, sizes, modes and link targets.
std::vector<ManifestDifference> CompareShape(Fs* fs, const Version& version,
                                             unsigned threads = 0);

// So many threads are worth it where the disk must be waited for.
inline constexpr unsigned kVerifyThreads = 16;

}  // namespace release

#endif  // RELEASE_STORE_VERIFY_H_
