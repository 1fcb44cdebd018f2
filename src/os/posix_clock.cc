#include "os/posix_clock.h"

#include <poll.h>
#include <time.h>

#include <algorithm>

#include "os/cancellation.h"
#include "os/input.h"

namespace release {

Nanoseconds PosixClock::SinceBoot() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

std::int64_t PosixClock::WallSeconds() { return time(nullptr); }

std::string PosixClock::BootId() {
  try {
    std::string id =
        ReadSmallFile("/proc/sys/kernel/random/boot_id", 100).value_or("");
    if (id.ends_with('\n')) id.pop_back();
    return id;
  } catch (const Error&) {
    return "";
  }
}

void PosixClock::Sleep(Nanoseconds duration) {
  const Nanoseconds start = SinceBoot();
  while (InterruptSignal() == 0) {
    const Nanoseconds left = duration - (SinceBoot() - start);
    if (left <= Nanoseconds::zero()) return;
    // The clock of ppoll stops during suspend, so check SinceBoot every minute.
    const Nanoseconds wait =
        std::min<Nanoseconds>(left, std::chrono::minutes(1));
    const timespec timeout = {wait.count() / 1'000'000'000,
                              wait.count() % 1'000'000'000};
    pollfd interrupt = {InterruptDescriptor(), POLLIN, 0};
    ppoll(&interrupt, 1, &timeout, nullptr);
  }
}

}  // namespace release
