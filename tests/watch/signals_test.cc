#include "watch/signals.h"

#include <doctest/doctest.h>

namespace release {
namespace {

using namespace std::chrono_literals;

UnitState Running(const std::string& invocation, int restarts = 0) {
  return {.active = "active",
          .sub = "running",
          .type = "simple",
          .invocation = invocation,
          .restarts = restarts};
}

UnitState Ended(const char* active, Nanoseconds left, Nanoseconds ended) {
  return {.active = active,
          .sub = "dead",
          .result = "exit-code",
          .left_active = left,
          .main_ended = ended};
}

constexpr int kBefore = 2;  // restarts at the baseline

UnitJudgement Judge(const UnitState& now) {
  return JudgeUnit({.invocation = "a", .restarts = kBefore}, now);
}

}  // namespace

TEST_CASE("a unit that runs on is ok") {
  CHECK(Judge(Running("a", kBefore)).signal.value == SignalValue::kOk);
  CHECK(Judge(Running("a", kBefore)).news == UnitNews::kNone);
}

TEST_CASE("a unit that systemd has started again by itself is bad") {
  CHECK(Judge(Running("b", kBefore + 1)).signal.value == SignalValue::kBad);
  UnitState waits = Running("a", kBefore);
  waits.active = "activating";
  waits.sub = "auto-restart";
  CHECK(Judge(waits).signal.value == SignalValue::kBad);
}

// A manual start sets the count of restarts to zero.
TEST_CASE("a run that systemd does not count as a restart is a person's") {
  for (const int restarts : {0, kBefore}) {
    CHECK(Judge(Running("b", restarts)).news == UnitNews::kTakenInHand);
  }
}

// The exit status does not say: a service may fail when it is told to stop.
TEST_CASE("a unit that was told to stop is a person's, whatever its status") {
  CHECK(Judge(Ended("inactive", 5s, 6s)).news == UnitNews::kTakenInHand);
  CHECK(Judge(Ended("failed", 5s, 6s)).news == UnitNews::kTakenInHand);
}

TEST_CASE("a unit that ended by itself is bad, whatever its status") {
  CHECK(Judge(Ended("failed", 6s, 5s)).signal.value == SignalValue::kBad);
  CHECK(Judge(Ended("inactive", 6s, 5s)).signal.value == SignalValue::kBad);
  CHECK(Judge(Ended("failed", 0s, 5s)).signal.value == SignalValue::kBad);
}

TEST_CASE("a unit that is being changed says nothing") {
  UnitState state = Running("a");
  state.job = "7";
  CHECK(Judge(state).news == UnitNews::kChanging);
  state = Running("a");
  state.active = "deactivating";
  CHECK(Judge(state).news == UnitNews::kChanging);
  state.active = "activating";
  CHECK(Judge(state).news == UnitNews::kChanging);
}

TEST_CASE("a unit that systemd has forgotten is unknown") {
  const UnitJudgement judged = Judge(Ended("inactive", 0s, 0s));
  CHECK(judged.news == UnitNews::kForgotten);
  CHECK(judged.signal.value == SignalValue::kUnknown);
}

TEST_CASE("without an earlier run, the first one is ok") {
  CHECK(JudgeUnit({}, Running("z", 0)).signal.value == SignalValue::kOk);
}

TEST_CASE("a oneshot unit that has done its work is ok, and bad if it failed") {
  UnitState state = Running("a", kBefore);
  state.type = "oneshot";
  state.active = "inactive";
  CHECK(Judge(state).signal.value == SignalValue::kOk);
  state.active = "failed";
  CHECK(Judge(state).signal.value == SignalValue::kBad);
}

TEST_CASE("only kills since the baseline count") {
  const WatchBaseline before{.oom_kills = 3};
  CHECK(JudgeMemory(before, 3U).value == SignalValue::kOk);
  CHECK(JudgeMemory(before, 4U).value == SignalValue::kBad);
  // The control group is a new one.
  CHECK(JudgeMemory(before, 0U).value == SignalValue::kOk);
  CHECK(JudgeMemory(before, std::nullopt).value == SignalValue::kUnknown);
}

TEST_CASE("a minute may have ten times the errors of before, and some more") {
  CHECK(ErrorLimit({.errors = 0}, 10) == 10);
  CHECK(ErrorLimit({.errors = 1}, 10) == 10);
  CHECK(ErrorLimit({.errors = 2}, 10) == 20);
  CHECK(ErrorLimit({.errors = 0}, 0) == 0);
  CHECK(ErrorLimit({.errors = ~0U}, 10) == 10'000);
}

TEST_CASE("errors count within the last minute and since the commit") {
  const LineTimes times = {10s, 70s, 71s, 72s, 99s};
  const auto judge = [&](unsigned limit, Nanoseconds since,
                         Nanoseconds now = 100s) {
    return JudgeErrors(times, limit, since, now, 15s).value;
  };
  CHECK(judge(3, 0s) == SignalValue::kBad);
  CHECK(judge(4, 0s) == SignalValue::kOk);
  // The new release did not write the lines from before the commit.
  CHECK(judge(3, 71s) == SignalValue::kOk);
  CHECK(judge(1, 71s) == SignalValue::kBad);
  CHECK(JudgeErrors(std::nullopt, 3, 0s, 100s, 15s).value ==
        SignalValue::kUnknown);
}

// Otherwise one burst would be bad in each look of the minute after it.
TEST_CASE("a burst of errors counts in one look only") {
  const LineTimes burst(100, 50s);
  CHECK(JudgeErrors(burst, 10, 0s, 55s, 15s).value == SignalValue::kBad);
  CHECK(JudgeErrors(burst, 10, 0s, 70s, 15s).value == SignalValue::kOk);
}

TEST_CASE("a command says ok by 0, bad by 1, and nothing else by anything") {
  using End = CommandResult::End;
  const auto judge = [](End end, int status) {
    return JudgeCommand({end, status, "7 errors\n"}).value;
  };
  CHECK(judge(End::kExited, 0) == SignalValue::kOk);
  CHECK(judge(End::kExited, 1) == SignalValue::kBad);
  CHECK(judge(End::kExited, 2) == SignalValue::kUnknown);
  CHECK(judge(End::kExited, 127) == SignalValue::kUnknown);
  CHECK(judge(End::kTimedOut, 0) == SignalValue::kUnknown);
  CHECK(judge(End::kNotStarted, 1) == SignalValue::kUnknown);
  CHECK(judge(End::kSignalled, 1) == SignalValue::kUnknown);
}

}  // namespace release
