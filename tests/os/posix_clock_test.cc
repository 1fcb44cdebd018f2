#include "os/posix_clock.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <thread>

#include "os/cancellation.h"

namespace release {

using namespace std::chrono_literals;

TEST_CASE("sleep takes as long as requested") {
  PosixClock clock;
  const Nanoseconds start = clock.SinceBoot();
  clock.Sleep(50ms);
  const Nanoseconds slept = clock.SinceBoot() - start;
  CHECK(slept >= 50ms);
  CHECK(slept < 5s);
  clock.Sleep(-1s);
  CHECK(clock.WallSeconds() > 1'700'000'000);
}

TEST_CASE("an interrupt ends a sleep, even if it came before") {
  PosixClock clock;
  const Nanoseconds start = clock.SinceBoot();
  std::thread other([] {
    std::this_thread::sleep_for(30ms);
    SetInterruptSignal(SIGTERM);
  });
  clock.Sleep(60s);
  other.join();
  clock.Sleep(60s);
  CHECK(clock.SinceBoot() - start < 20s);
  SetInterruptSignal(0);
}

TEST_CASE("a sleep under held interrupts lasts to its end") {
  PosixClock clock;
  SetInterruptSignal(SIGINT);
  {
    const CancellationShield hold;
    const Nanoseconds start = clock.SinceBoot();
    clock.Sleep(50ms);
    CHECK(clock.SinceBoot() - start >= 50ms);
  }
  SetInterruptSignal(0);
}

}  // namespace release
