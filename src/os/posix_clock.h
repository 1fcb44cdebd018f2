// Implements Clock with the machine's clocks.
#ifndef RELEASE_OS_POSIX_CLOCK_H_
#define RELEASE_OS_POSIX_CLOCK_H_

#include "os/clock.h"

namespace release {

// Has no state, so any number of objects may exist.
class PosixClock : public Clock {
 public:
  Nanoseconds SinceBoot() override;
  std::int64_t WallSeconds() override;
  std::string BootId() override;
  void Sleep(Nanoseconds duration) override;
};

}  // namespace release

#endif  // RELEASE_OS_POSIX_CLOCK_H_
