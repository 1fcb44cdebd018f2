// Moves a directory into the root while processes use it by its old path.
#ifndef RELEASE_OS_RELOCATE_H_
#define RELEASE_OS_RELOCATE_H_

#include <string>

#include "os/fs.h"

namespace release {

// Moves the directory `from` to `to` and replaces it by a symbolic link to
// `to`, in one atomic step: the path `from` leads to the same files at every
// moment. `machine` must be an Fs whose root is "/". Both paths must be
// absolute, without symbolic links in their parents, and on the same mount.
// `to` must not exist, except as a link to itself that an interrupted call left
// behind. Durable on return. Throws FsError; then nothing has moved, unless a
// sync failed.
void MoveLeavingLink(Fs* machine, const std::string& from,
                     const std::string& to);

}  // namespace release

#endif  // RELEASE_OS_RELOCATE_H_
