// The door to time.
#ifndef RELEASE_OS_CLOCK_H_
#define RELEASE_OS_CLOCK_H_

#include <chrono>
#include <cstdint>

namespace release {

using Nanoseconds = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;

  // Time since boot, suspend included; the only time decisions are made by.
  virtual Nanoseconds SinceBoot() = 0;

  // Seconds since 1970, for people to read. May jump either way.
  virtual std::int64_t WallSeconds() = 0;

  // Waits; returns early, without an error, when a signal asks the command to
  // stop (see os/interrupt.h).
  virtual void Sleep(Nanoseconds duration) = 0;
};

}  // namespace release

#endif  // RELEASE_OS_CLOCK_H_
