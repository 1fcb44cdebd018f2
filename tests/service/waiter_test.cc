#include "service/waiter.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "os/interrupt.h"
#include "support/expect_error.h"
#include "support/fake_clock.h"

namespace release {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a pause lasts as long as it was asked to") {
  FakeClock clock;
  Waiter waiter(&clock);
  const Nanoseconds start = waiter.Now();
  waiter.Pause(milliseconds(1234));
  CHECK(waiter.Now() - start == milliseconds(1234));
}

TEST_CASE("a signal ends a pause within 100 ms") {
  FakeClock clock;
  Waiter waiter(&clock);
  const Nanoseconds start = waiter.Now();
  clock.At(start + seconds(2), [] { SetInterruptSignal(15); });
  const Error error = ErrorOf([&] { waiter.Pause(seconds(60)); });
  SetInterruptSignal(0);
  CHECK(error.code() == ErrorCode::kInterrupted);
  CHECK(waiter.Now() - start <= milliseconds(2100));
}

TEST_CASE("the callback is called at least every 100 ms and may end a pause") {
  FakeClock clock;
  Waiter waiter(&clock);
  int calls = 0;
  waiter.SetCallback([&] { ++calls; });
  waiter.Pause(seconds(1));
  CHECK(calls >= 10);
  waiter.SetCallback([] { throw Error(ErrorCode::kAborted, "stop"); });
  CHECK(ErrorOf([&] { waiter.Pause(seconds(1)); }).code() ==
        ErrorCode::kAborted);
}

}  // namespace release
