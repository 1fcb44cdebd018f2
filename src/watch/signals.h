// Judges each signal of a watched release: ok, bad or unknown.
//
// Pure functions of what was seen. An unknown signal never makes a release bad.
#ifndef RELEASE_WATCH_SIGNALS_H_
#define RELEASE_WATCH_SIGNALS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/runner.h"
#include "service/error_lines.h"
#include "service/unit.h"
#include "store/watch_note.h"

namespace release {

enum class SignalValue { kOk, kBad, kUnknown };

// "ok", "bad", "unknown".
std::string_view SignalValueName(SignalValue value);

struct Signal {
  std::string name;  // "unit", "memory", "health", "errors", "command"
  SignalValue value = SignalValue::kUnknown;
  std::string text;  // the reason, for people
};

// A fact about the unit that matters beside its signal.
enum class UnitNews {
  kNone,
  // A person stopped it or started it again, so the watch must end.
  kTakenInHand,
  // It is being stopped or started, so no other signal means anything.
  kChanging,
  // It does not run, and systemd has forgotten how it ended.
  kForgotten,
};

struct UnitJudgement {
  Signal signal;
  UnitNews news = UnitNews::kNone;
};

// An automatic restart, or an end that nobody asked for, is bad. A new run that
// systemd does not count as a restart is a person's.
UnitJudgement JudgeUnit(const WatchBaseline& baseline, const UnitState& now);

// Bad if the kernel has killed a process since the baseline.
Signal JudgeMemory(const WatchBaseline& baseline,
                   std::optional<std::uint64_t> oom_kills);

// The most errors that a minute may have: `error_lines`, or ten times as many
// as before the switch.
unsigned ErrorLimit(const WatchBaseline& baseline, unsigned error_lines);

// Bad if the last minute, as far as it is later than `since`, has more than
// `limit` lines, and one of them is not older than `every`: a burst that is
// over counts in one look only.
Signal JudgeErrors(const std::optional<LineTimes>& times, unsigned limit,
                   Nanoseconds since, Nanoseconds now, Nanoseconds every);

// Status 0 is ok, 1 is bad; anything else, such as a command that cannot be
// started, is unknown.
Signal JudgeCommand(const CommandResult& result);

}  // namespace release

#endif  // RELEASE_WATCH_SIGNALS_H_
