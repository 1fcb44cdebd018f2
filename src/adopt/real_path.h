// Resolves symbolic links with the calls of an Fs, which follows none itself.
#ifndef RELEASE_ADOPT_REAL_PATH_H_
#define RELEASE_ADOPT_REAL_PATH_H_

#include <string>

#include "base/host_path.h"
#include "os/fs.h"

namespace release {

// RealPath and RealPlace take an absolute path without "." and ".."; `machine`
// is an Fs whose root is "/". Both throw FsError if a directory on the way
// cannot be searched.

// Returns a path to the same file that contains no symbolic link. Returns
// `path` itself if it leads nowhere, or through more than 40 links.
HostPath RealPath(Fs* machine, const HostPath& path);

// As RealPath, for a path whose last components may not exist yet: resolves
// the part that exists and appends the rest.
HostPath RealPlace(Fs* machine, const HostPath& path);

// Returns the absolute path relative to "/", as `machine` takes it.
std::string FromTop(const HostPath& path);

}  // namespace release

#endif  // RELEASE_ADOPT_REAL_PATH_H_
