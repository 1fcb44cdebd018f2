#include "service/waiter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "os/interrupt.h"

namespace release {

void Waiter::Check() {
  if (const int signal = InterruptSignal(); signal != 0) {
    throw Error(ErrorCode::kInterrupted,
                fmt::format("cannot go on: stopped by signal {}", signal));
  }
  if (callback_) callback_();
}

void Waiter::Pause(Nanoseconds duration) {
  // Sleep in slices: the callback must be called in between, for example to see
  // that another command asks this one to stop.
  constexpr Nanoseconds kSlice = std::chrono::milliseconds(100);
  const Nanoseconds end = AddSaturated(Now(), duration);
  Check();
  for (Nanoseconds now = Now(); now < end; now = Now()) {
    clock_->Sleep(std::min(kSlice, end - now));
    Check();
  }
}

}  // namespace release
