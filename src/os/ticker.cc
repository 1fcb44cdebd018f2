#include "os/ticker.h"

#include <system_error>
#include <utility>

namespace release {

Ticker::Ticker(Nanoseconds delay, Nanoseconds period,
               std::function<void()> tick)
    : tick_(std::move(tick)) {
  try {
    thread_ = std::thread([this, delay, period] { Run(delay, period); });
  } catch (const std::system_error&) {
    // Only a display depends on it.
  }
}

Ticker::~Ticker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
  }
  ended_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Ticker::Run(Nanoseconds delay, Nanoseconds period) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (Nanoseconds wait = delay;
       !ended_.wait_for(lock, wait, [this] { return ends_; }); wait = period) {
    tick_();
  }
}

}  // namespace release
