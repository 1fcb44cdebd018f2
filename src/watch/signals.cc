#include "watch/signals.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/name_table.h"
#include "service/last_lines.h"

namespace release {
namespace {

struct ValueRow {
  SignalValue value;
  std::string_view name;
};

constexpr ValueRow kValueNames[] = {
    {SignalValue::kOk, "ok"},
    {SignalValue::kBad, "bad"},
    {SignalValue::kUnknown, "unknown"},
};
static_assert(FollowsEnum(kValueNames, SignalValue::kUnknown));

UnitJudgement OfUnit(SignalValue value, std::string text,
                     UnitNews news = UnitNews::kNone) {
  return {.signal = {.name = "unit", .value = value, .text = std::move(text)},
          .news = news};
}

UnitJudgement JudgeRunning(const WatchBaseline& baseline,
                           const UnitState& now) {
  const bool same_run =
      baseline.invocation.empty() || baseline.invocation == now.invocation;
  if (same_run) return OfUnit(SignalValue::kOk, now.Describe());
  if (now.restarts > baseline.restarts) {
    const int more = now.restarts - baseline.restarts;
    return OfUnit(SignalValue::kBad,
                  fmt::format("systemd has started it again, {} time{}", more,
                              more == 1 ? "" : "s"));
  }
  return OfUnit(SignalValue::kUnknown, "somebody has started it again",
                UnitNews::kTakenInHand);
}

UnitJudgement JudgeStopped(const UnitState& now) {
  if (now.stop_was_asked()) {
    return OfUnit(SignalValue::kUnknown,
                  "somebody has stopped it: " + now.Describe(),
                  UnitNews::kTakenInHand);
  }
  if (now.active == "failed" || now.left_active > Nanoseconds::zero()) {
    return OfUnit(SignalValue::kBad, "it has ended: " + now.Describe());
  }
  return OfUnit(SignalValue::kUnknown, "it does not run: " + now.Describe(),
                UnitNews::kForgotten);
}

}  // namespace

std::string_view SignalValueName(SignalValue value) {
  return RowAt(kValueNames, value).name;
}

UnitJudgement JudgeUnit(const WatchBaseline& baseline, const UnitState& now) {
  if (now.sub == "auto-restart") {
    return OfUnit(SignalValue::kBad, "it has ended: " + now.Describe());
  }
  const bool starts = now.active == "activating" && !now.oneshot();
  if (!now.job.empty() || now.active == "deactivating" || starts) {
    return OfUnit(SignalValue::kUnknown, "it is " + now.Describe(),
                  UnitNews::kChanging);
  }
  // A oneshot unit has done its work when it is not active.
  if (now.running() || (now.oneshot() && now.active != "failed")) {
    return JudgeRunning(baseline, now);
  }
  return JudgeStopped(now);
}

Signal JudgeMemory(const WatchBaseline& baseline,
                   std::optional<std::uint64_t> oom_kills) {
  Signal signal{.name = "memory", .text = "the kernel keeps no count"};
  if (!oom_kills) return signal;
  const bool killed = *oom_kills > baseline.oom_kills;
  signal.value = killed ? SignalValue::kBad : SignalValue::kOk;
  signal.text = killed ? "the kernel has killed a process for lack of it"
                       : "no process was killed for lack of it";
  return signal;
}

unsigned ErrorLimit(const WatchBaseline& baseline, unsigned error_lines) {
  constexpr unsigned kTimesBefore = 10;
  if (baseline.errors > kMostErrorLines / kTimesBefore) return kMostErrorLines;
  return std::max(error_lines, kTimesBefore * baseline.errors);
}

Signal JudgeErrors(const std::optional<LineTimes>& times, unsigned limit,
                   Nanoseconds since, Nanoseconds now, Nanoseconds every) {
  constexpr Nanoseconds kMinute = std::chrono::minutes(1);
  Signal signal{.name = "errors", .text = "the journal cannot be read"};
  if (!times) return signal;
  const unsigned count =
      CountLines(*times, std::max(since, now - kMinute), now);
  const unsigned recent = CountLines(*times, std::max(since, now - every), now);
  const bool bad = count > limit && recent > 0;
  signal.value = bad ? SignalValue::kBad : SignalValue::kOk;
  signal.text = bad ? fmt::format("more than {} in the last minute", limit)
                    : fmt::format("{} in the last minute", count);
  return signal;
}

Signal JudgeCommand(const CommandResult& result) {
  constexpr int kBadStatus = 1;
  constexpr std::size_t kLines = 5;
  Signal signal{.name = "command", .text = result.Describe()};
  if (result.end != CommandResult::End::kExited) return signal;
  if (result.status == 0) signal.value = SignalValue::kOk;
  if (result.status == kBadStatus) signal.value = SignalValue::kBad;
  signal.text += LastLines(result.output, kLines);
  return signal;
}

}  // namespace release
