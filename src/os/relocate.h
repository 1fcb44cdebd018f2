// A directory outside the root becomes one inside, under the eyes of whoever
// uses it.
#ifndef RELEASE_OS_RELOCATE_H_
#define RELEASE_OS_RELOCATE_H_

#include <string>

namespace release {

// Lets the directory `from` become `to`, and puts a symbolic link to `to` in
// its place, both in one step: at every instant the path `from` leads to the
// same files. Both paths are absolute and on one mount; nothing is at `to`, or
// a link to itself that a crash left behind. Durable on return. Throws FsError;
// then nothing has moved, except where a sync fails.
void MoveLeavingLink(const std::string& from, const std::string& to);

}  // namespace release

#endif  // RELEASE_OS_RELOCATE_H_
