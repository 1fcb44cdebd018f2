#include "service/waiter.h"

#include <doctest/doctest.h>

#include "os/cancellation.h"
#include "support/expect_error.h"
#include "support/fake_clock.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

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

TEST_CASE("an abort request ends a pause within 100 ms") {
  FakeClock clock;
  Waiter waiter(&clock);
  MemFs disk;
  const AbortWatch watch(&disk, "abort", "asked to abort");
  const Nanoseconds start = waiter.Now();
  clock.At(start + seconds(2), [&] { PutFile(&disk, "abort", ""); });
  CHECK(ErrorOf([&] { waiter.Pause(seconds(60)); }).code() ==
        ErrorCode::kAborted);
  CHECK(waiter.Now() - start <= milliseconds(2100));
}

}  // namespace release
