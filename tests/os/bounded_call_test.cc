#include "os/bounded_call.h"

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <future>
#include <memory>

#include "os/cancellation.h"

namespace release {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A call that ends only when the test lets it.
struct Stuck {
  std::promise<void> go;
  std::promise<void> ended;
};

std::function<void()> CallOf(const std::shared_ptr<Stuck>& stuck) {
  return [stuck] {
    stuck->go.get_future().wait();
    stuck->ended.set_value();
  };
}

}  // namespace

TEST_CASE("a call that ends in time has run") {
  const auto ran = std::make_shared<std::atomic<bool>>(false);
  CHECK(EndsInTime([ran] { *ran = true; }, hours(1)));
  CHECK(*ran);
}

TEST_CASE("a call that takes too long is left alone") {
  const auto stuck = std::make_shared<Stuck>();
  CHECK_FALSE(EndsInTime(CallOf(stuck), milliseconds(1)));
  stuck->go.set_value();
  stuck->ended.get_future().wait();
}

TEST_CASE("a stop request ends the wait for a call") {
  const auto stuck = std::make_shared<Stuck>();
  SetInterruptSignal(SIGTERM);
  CHECK_FALSE(EndsInTime(CallOf(stuck), hours(1)));
  SetInterruptSignal(0);
  stuck->go.set_value();
  stuck->ended.get_future().wait();
}

}  // namespace release
