#include "service/waiter.h"

#include <algorithm>

#include "base/units.h"
#include "os/cancellation.h"

namespace release {

void Waiter::Pause(Nanoseconds duration) {
  // Sleep in slices, because an abort request does not end the sleep.
  constexpr Nanoseconds kSlice = std::chrono::milliseconds(100);
  const Nanoseconds end = AddSaturated(Now(), duration);
  ThrowIfCancelled();
  for (Nanoseconds now = Now(); now < end; now = Now()) {
    clock_->Sleep(std::min(kSlice, end - now));
    ThrowIfCancelled();
  }
}

}  // namespace release
