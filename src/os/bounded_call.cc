#include "os/bounded_call.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "os/cancellation.h"

namespace release {
namespace {

using Steady = std::chrono::steady_clock;

class Done {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  // Waits until `end`; returns whether it is set.
  bool AwaitUntil(Steady::time_point end) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, end, [this] { return done_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

}  // namespace

bool EndsInTime(std::function<void()> call, std::chrono::nanoseconds limit) {
  // A stop request does not wake a condition variable.
  constexpr auto kSlice = std::chrono::milliseconds(100);
  const auto done = std::make_shared<Done>();
  try {
    std::thread([done, call] {
      call();
      done->Set();
    }).detach();
  } catch (const std::exception&) {
    call();
    return true;
  }
  const auto end = Steady::now() + std::min<std::chrono::nanoseconds>(
                                       limit, std::chrono::hours(24));
  while (Steady::now() < end && InterruptSignal() == 0) {
    if (done->AwaitUntil(std::min(end, Steady::now() + kSlice))) return true;
  }
  return done->AwaitUntil(Steady::now());
}

}  // namespace release
