// Calls a function at intervals, from a thread of its own.
#ifndef RELEASE_OS_TICKER_H_
#define RELEASE_OS_TICKER_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "os/clock.h"

namespace release {

class Ticker {
 public:
  // Calls `tick` after `delay` and from then on at each `period`, until the
  // object is destroyed. The destructor waits for a call that is under way, so
  // `tick` must not destroy it. If no thread can be started, never calls it.
  // Ignores an exception of `tick`.
  Ticker(Nanoseconds delay, Nanoseconds period, std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Run(Nanoseconds delay, Nanoseconds period);

  std::function<void()> tick_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace release

#endif  // RELEASE_OS_TICKER_H_
