// Reads what the recovery rule must know of the disk (deploy/recovery.h).
#ifndef RELEASE_DEPLOY_DISK_FACTS_H_
#define RELEASE_DEPLOY_DISK_FACTS_H_

#include <optional>
#include <string>

#include "deploy/recovery.h"
#include "os/fs.h"
#include "store/journal.h"

namespace release {

// Returns the target of `current`. Returns nullopt if it is missing, or if it
// is a file or directory and was not a link before the transaction either. If a
// file or directory has replaced the earlier link, returns "", which a link
// cannot contain, so that the rule treats it as a link that a person moved.
// Throws FsError.
std::optional<std::string> ReadCurrentTarget(Fs* fs, const BeginRecord& begin);

// Throws FsError. For the rule the caller must hold the lock; a preview may
// read without it.
DiskFacts ReadDiskFacts(Fs* fs, const BeginRecord& begin);

}  // namespace release

#endif  // RELEASE_DEPLOY_DISK_FACTS_H_
