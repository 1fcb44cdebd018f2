// The lock that allows one transaction at a time on one root.
//
// It is flock(2) on .release/lock, so the kernel releases it when the process
// ends, however it ends. The file is never removed. Its text says who took the
// lock last, for display only.
#ifndef RELEASE_STORE_LOCK_H_
#define RELEASE_STORE_LOCK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "os/clock.h"
#include "os/fs.h"
#include "store/journal.h"

namespace release {

// The holder of the lock, as the holder described itself. For display only; the
// fields are empty if the text could not be written or read.
struct LockHolder {
  Identity caller;
  std::int64_t since = 0;  // seconds since 1970
};

class Lock {
 public:
  // Takes the lock; the destructor releases it. Waits up to `wait` for another
  // holder, and at least 200 ms. Throws Error kBusy, which names the holder,
  // since when it holds the lock and which step it is in; Error kNotInitialized
  // if the root has no .release/; Error kInterrupted if a signal ends the wait;
  // FsError. If the disk is full the lock is taken without its display text.
  // Removes the abort requests that were left for earlier holders, and keeps
  // one that arrives as soon as the lock is held.
  Lock(Fs* fs, Clock* clock, const Identity& caller, Nanoseconds wait);

 private:
  ScopedHandle file_;
};

// Returns the holder of the lock, nullopt if it is free. Changes nothing on
// disk. Throws FsError.
std::optional<LockHolder> FindLockHolder(Fs* fs);

}  // namespace release

#endif  // RELEASE_STORE_LOCK_H_
