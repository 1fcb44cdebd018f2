// Waits that end when a signal asks the command to stop.
#ifndef RELEASE_SERVICE_WAITER_H_
#define RELEASE_SERVICE_WAITER_H_

#include <functional>
#include <utility>

#include "os/clock.h"

namespace release {

class Waiter {
 public:
  // The clock must outlive this.
  explicit Waiter(Clock* clock) : clock_(clock) {}

  // Sets a function that is called at least every 100 ms of every wait. It may
  // throw to end the wait.
  void SetCallback(std::function<void()> callback) {
    callback_ = std::move(callback);
  }

  // Time since boot, which no step of the wall clock changes. For deadlines.
  Nanoseconds Now() { return clock_->SinceBoot(); }

  // Seconds since 1970, for people to read.
  std::int64_t WallSeconds() { return clock_->WallSeconds(); }

  // Waits for `duration`. Throws Error kInterrupted once a signal has asked for
  // a stop, and whatever the callback throws.
  void Pause(Nanoseconds duration);

  // Throws as Pause does, without waiting.
  void Check();

 private:
  Clock* clock_;
  std::function<void()> callback_;
};

}  // namespace release

#endif  // RELEASE_SERVICE_WAITER_H_
