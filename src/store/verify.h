// Is a release on disk still what was shipped?
#ifndef RELEASE_STORE_VERIFY_H_
#define RELEASE_STORE_VERIFY_H_

#include <functional>
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

// What a tree holds that no release was made of, and what of it no manifest can
// hold.
struct HashedTree {
  Manifest manifest;
  std::vector<std::string> left_out;  // sockets, fifos and devices, sorted
};

// Reads and hashes all of the tree at `path`. `between` is called again and
// again, by any thread; what it throws ends the work. Throws Error
// kNotAdoptable where a part of the tree is on another file system.
HashedTree HashTree(Fs* fs, const std::string& path,
                    const std::function<void()>& between, unsigned threads = 0);

// Throws as HashTree does, and reads no file.
void RequireOneFileSystem(Fs* fs, const std::string& path,
                          unsigned threads = 0);

// In what the tree at `path` differs from the manifest, without reading a file.
std::vector<ManifestDifference> CompareShape(Fs* fs, const std::string& path,
                                             const Manifest& manifest,
                                             unsigned threads = 0);

// So many threads are worth it where the disk must be waited for.
inline constexpr unsigned kVerifyThreads = 16;

}  // namespace release

#endif  // RELEASE_STORE_VERIFY_H_
