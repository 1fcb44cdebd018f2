// Waiting that ends when someone asks the command to stop.
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

  // Called at least every 100 ms of every wait; it may throw to end the wait.
  void SetCallback(std::function<void()> callback) {
    callback_ = std::move(callback);
  }

  Nanoseconds Now() { return clock_->SinceBoot(); }

  // Seconds since 1970, for people to read.
  std::int64_t WallSeconds() { return clock_->WallSeconds(); }

  // Waits. Throws Error kInterrupted once a signal has asked for a stop, and
  // whatever the callback throws.
  void Pause(Nanoseconds duration);

  // The same without waiting.
  void Check();

 private:
  Clock* clock_;
  std::function<void()> callback_;
};

}  // namespace release

#endif  // RELEASE_SERVICE_WAITER_H_
