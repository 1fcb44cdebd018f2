// Waits that end when the command must stop.
#ifndef RELEASE_SERVICE_WAITER_H_
#define RELEASE_SERVICE_WAITER_H_

#include "os/clock.h"

namespace release {

class Waiter {
 public:
  // The clock must outlive this.
  explicit Waiter(Clock* clock) : clock_(clock) {}

  // Time since boot, which no step of the wall clock changes. For deadlines.
  Nanoseconds Now() { return clock_->SinceBoot(); }

  // Seconds since 1970, for people to read.
  std::int64_t WallSeconds() { return clock_->WallSeconds(); }

  // Waits for `duration`. Throws as ThrowIfCancelled does, at most 100 ms after
  // the request.
  void Pause(Nanoseconds duration);

 private:
  Clock* clock_;
};

}  // namespace release

#endif  // RELEASE_SERVICE_WAITER_H_
