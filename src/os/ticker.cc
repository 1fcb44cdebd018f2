#include "os/ticker.h"

#include <pthread.h>

#include <exception>
#include <utility>

namespace release {

Ticker::Ticker(Nanoseconds delay, Nanoseconds period,
               std::function<void()> tick)
    : tick_(std::move(tick)) {
  try {
    thread_ = std::thread([this, delay, period] { Run(delay, period); });
  } catch (const std::exception&) {
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
  // Seen by `top -H` and in /proc, where its processor time can be read.
  pthread_setname_np(pthread_self(), "ticker");
  std::unique_lock<std::mutex> lock(mutex_);
  for (Nanoseconds wait = delay;
       !ended_.wait_for(lock, wait, [this] { return ends_; }); wait = period) {
    try {
      tick_();
    } catch (const std::exception&) {
      // Memory may be short for a moment; the next call does better.
    }
  }
}

}  // namespace release
