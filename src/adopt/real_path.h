// Resolves symbolic links through the disk seam.
#ifndef RELEASE_ADOPT_REAL_PATH_H_
#define RELEASE_ADOPT_REAL_PATH_H_

#include <string>

#include "os/fs.h"

namespace release {

// Both take an absolute path without "." and "..". `machine` is an Fs whose
// root is "/". Both throw FsError if a directory on the way cannot be searched.

// The same file by a path through no symbolic link. Returns `path` itself if
// it leads nowhere, or through more than 40 links.
std::string RealPath(Fs* machine, const std::string& path);

// As RealPath, for a path whose last components may not exist yet: resolves
// the part that exists and appends the rest.
std::string RealPlace(Fs* machine, const std::string& path);

// Of an absolute path: the directory that holds it ("/" at the top), its last
// component, and the path as `machine` takes it.
std::string HolderOf(const std::string& path);
std::string LeafOf(const std::string& path);
std::string FromTop(const std::string& path);

}  // namespace release

#endif  // RELEASE_ADOPT_REAL_PATH_H_
