// Compares a release on disk with the manifest of what was shipped.
//
// Each function takes a number of threads that read beside the caller's; with 0
// the caller's thread does all the work. Each throws FsError if a file or
// directory cannot be read.
#ifndef RELEASE_STORE_VERIFY_H_
#define RELEASE_STORE_VERIFY_H_

#include <string>
#include <vector>

#include "base/manifest.h"
#include "base/version.h"
#include "os/fs.h"

namespace release {

// Compares a release with its manifest and hashes each file that has the
// expected size. Returns the differences, empty if there are none. Throws Error
// kManifestUnreadable.
std::vector<ManifestDifference> VerifyRelease(Fs* fs, const Version& version,
                                              unsigned threads = 0);

// As VerifyRelease, but reads no file: compares only names, sizes, modes and
// link targets.
std::vector<ManifestDifference> CompareShape(Fs* fs, const Version& version,
                                             unsigned threads = 0);

// The content of a tree that the tool did not make.
struct HashedTree {
  Manifest manifest;
  // Sockets, fifos and devices, which a manifest cannot list; sorted.
  std::vector<std::string> left_out;
};

// Reads and hashes the whole tree at `path`. Throws Error kNotAdoptable if a
// part of the tree is on another file system.
HashedTree HashTree(Fs* fs, const std::string& path, unsigned threads = 0);

// Throws Error kNotAdoptable if a part of the tree at `path` is on another file
// system. Reads no file.
void RequireOneFileSystem(Fs* fs, const std::string& path,
                          unsigned threads = 0);

// Returns the differences between the tree at `path` and the manifest. Reads no
// file.
std::vector<ManifestDifference> CompareShape(Fs* fs, const std::string& path,
                                             const Manifest& manifest,
                                             unsigned threads = 0);

// Useful number of threads when the files are not in the page cache and most of
// the time goes into waiting for the disk.
inline constexpr unsigned kVerifyThreads = 16;

}  // namespace release

#endif  // RELEASE_STORE_VERIFY_H_
