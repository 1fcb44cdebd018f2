// Moves a directory into the root without an instant at which its old path
// leads nowhere.
#ifndef RELEASE_OS_RELOCATE_H_
#define RELEASE_OS_RELOCATE_H_

#include <string>

#include "os/fs.h"

namespace release {

// Moves the directory `from` to `to` and puts a symbolic link to `to` in its
// place, both in one step: at every instant the path `from` leads to the same
// files. Both paths are absolute, through no symbolic link, and on one mount;
// `machine` is an Fs whose root is "/". Nothing may exist at `to` but a link to
// itself, which a crash left behind. Durable on return. Throws FsError; then
// nothing has moved, unless a sync failed.
void MoveLeavingLink(Fs* machine, const std::string& from,
                     const std::string& to);

}  // namespace release

#endif  // RELEASE_OS_RELOCATE_H_
