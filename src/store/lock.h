// The lock: one transaction at a time on one root.
#ifndef RELEASE_STORE_LOCK_H_
#define RELEASE_STORE_LOCK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "os/clock.h"
#include "os/fs.h"
#include "store/journal.h"

namespace release {

// Who holds the lock, as they wrote it; for display only.
struct LockHolder {
  Identity caller;
  std::int64_t since = 0;  // wall seconds
};

class Lock {
 public:
  // Takes the lock, waiting up to `wait` for another holder. Throws Error kBusy
  // naming who holds it, since when, and which step they are in;
  // kNotInitialized where the root has no layout.
  Lock(Fs* fs, Clock* clock, const Identity& caller, Nanoseconds wait);

 private:
  ScopedHandle file_;
};

// Whether somebody holds the lock now, and who. Nothing where nobody does.
std::optional<LockHolder> FindLockHolder(Fs* fs);

}  // namespace release

#endif  // RELEASE_STORE_LOCK_H_
