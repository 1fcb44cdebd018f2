// The note about the instance that is kept running for a quick rollback.
#ifndef RELEASE_STORE_WARM_H_
#define RELEASE_STORE_WARM_H_

#include <optional>
#include <string>

#include "base/version.h"
#include "os/clock.h"
#include "os/fs.h"

namespace release {

struct WarmInstance {
  Version version;
  std::string boot;      // Clock::BootId when the note was written
  Nanoseconds until{0};  // Clock::SinceBoot when it need no longer run
};

// Returns the warm instance; nullopt if there is none, if its time is over, or
// if the host has booted since: an instance does not survive that. Throws
// FsError.
std::optional<WarmInstance> ReadWarm(Fs* fs, Clock* clock);

// Replaces the note, so that at most one instance is warm. Not durable, since
// the note means nothing after a boot. Throws FsError.
void WriteWarm(Fs* fs, const WarmInstance& warm);

// Removes the note. Not durable. Throws FsError.
void ForgetWarm(Fs* fs);

}  // namespace release

#endif  // RELEASE_STORE_WARM_H_
