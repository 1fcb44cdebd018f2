// Remembers which warnings have been given in this root.
#ifndef RELEASE_STORE_SAID_H_
#define RELEASE_STORE_SAID_H_

#include <string>
#include <vector>

#include "os/fs.h"

namespace release {

// The warning that no process of the service uses a file of a release.
inline constexpr char kUnseenService[] = "unseen-service";

// The warning that the process which listens on an instance's socket cannot be
// seen.
inline constexpr char kUnseenPeer[] = "unseen-peer";

// Returns `warnings` the first time that there are any under this name in this
// root, and none from then on. If that cannot be remembered, as on a full disk,
// returns them again. Never throws FsError.
std::vector<std::string> IfFirstTime(Fs* fs, const std::string& name,
                                     std::vector<std::string> warnings);

}  // namespace release

#endif  // RELEASE_STORE_SAID_H_
