// Interface to the system's clocks. Tests use a simulated one.
#ifndef RELEASE_OS_CLOCK_H_
#define RELEASE_OS_CLOCK_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace release {

using Nanoseconds = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;

  // Time since boot, suspend included. Use this for every timeout and deadline:
  // unlike the wall clock it never jumps.
  virtual Nanoseconds SinceBoot() = 0;

  // Seconds since 1970, for records and messages. May jump in either direction.
  virtual std::int64_t WallSeconds() = 0;

  // Identifies this boot: times since boot can be compared only within one.
  // Empty if the kernel does not tell.
  virtual std::string BootId() = 0;

  // Waits for the duration. Returns early, without an error, if a signal asks
  // the command to stop (see os/cancellation.h).
  virtual void Sleep(Nanoseconds duration) = 0;
};

}  // namespace release

#endif  // RELEASE_OS_CLOCK_H_
