// A Clock whose time passes only in Sleep and Advance.
#ifndef RELEASE_TESTS_SUPPORT_FAKE_CLOCK_H_
#define RELEASE_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "os/clock.h"

namespace release {

class FakeClock : public Clock {
 public:
  Nanoseconds SinceBoot() override { return now_; }
  std::int64_t WallSeconds() override { return wall_seconds; }
  std::string BootId() override { return boot_id; }
  void Sleep(Nanoseconds duration) override { Advance(duration); }

  // Moves time forward; runs the callbacks that At planned for that span, in
  // the order of their times.
  void Advance(Nanoseconds duration) {
    const Nanoseconds end = now_ + duration;
    while (!plans_.empty() && plans_.begin()->first <= end) {
      const auto plan = plans_.extract(plans_.begin());
      now_ = std::max(now_, plan.key());
      plan.mapped()();
    }
    now_ = end;
  }

  // Runs `what` when the time since boot reaches `time`.
  void At(Nanoseconds time, std::function<void()> what) {
    plans_.emplace(time, std::move(what));
  }

  std::string boot_id = "boot-1";
  std::int64_t wall_seconds = 1'795'000'000;

 private:
  Nanoseconds now_ = std::chrono::seconds(1000);
  std::multimap<Nanoseconds, std::function<void()>> plans_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FAKE_CLOCK_H_
