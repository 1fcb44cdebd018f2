// Tries on the root's file system what deploys and rollbacks need of it.
#ifndef RELEASE_INSPECT_FILE_SYSTEM_TRIAL_H_
#define RELEASE_INSPECT_FILE_SYSTEM_TRIAL_H_

#include <string>
#include <vector>

#include "base/config.h"
#include "os/fs.h"

namespace release {

struct TrialResult {
  enum class Level {
    kWarning,  // there is another way
    kFailure,  // a deploy would fail because of it
  };
  Level level = Level::kFailure;
  std::string words;  // what cannot be done, why, and what that means
};

// Makes a directory in releases/, tries renames, links, times, modes and syncs
// in it, and removes it. Returns what does not work. Stops, with what it has
// found, if the directory cannot be made or another command removes it: it has
// the name of garbage, so that nothing is left behind by a crash. Throws
// FsError if it cannot be removed.
std::vector<TrialResult> TryFileSystem(Fs* fs, const Config& config);

}  // namespace release

#endif  // RELEASE_INSPECT_FILE_SYSTEM_TRIAL_H_
