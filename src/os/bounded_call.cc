#include "os/bounded_call.h"

#include <algorithm>
#include <exception>
#include <future>
#include <thread>
#include <utility>

#include "os/cancellation.h"

namespace release {

bool EndsInTime(std::function<void()> call, std::chrono::nanoseconds limit) {
  // A stop request does not wake a wait for a future.
  using Steady = std::chrono::steady_clock;
  constexpr auto kSlice = std::chrono::milliseconds(100);
  std::promise<void> ending;
  const std::future<void> ended = ending.get_future();
  try {
    std::thread([call, ending = std::move(ending)]() mutable {
      call();
      ending.set_value();
    }).detach();
  } catch (const std::exception&) {
    call();
    return true;
  }
  const auto end = Steady::now() + std::min<std::chrono::nanoseconds>(
                                       limit, std::chrono::hours(24));
  const auto has_ended = [&](Steady::time_point at) {
    return ended.wait_until(at) == std::future_status::ready;
  };
  while (Steady::now() < end && InterruptSignal() == 0) {
    if (has_ended(std::min(end, Steady::now() + kSlice))) return true;
  }
  return has_ended(Steady::now());
}

}  // namespace release
