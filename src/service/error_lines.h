// The errors that a unit writes to the system's journal: lines of priority err
// or worse.
#ifndef RELEASE_SERVICE_ERROR_LINES_H_
#define RELEASE_SERVICE_ERROR_LINES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/clock.h"
#include "os/runner.h"

namespace release {

// When each line was written, ascending, in time since boot. journald stamps
// lines by a clock that stands still in a suspend, so that lines from before
// one seem older. No step of the wall clock matters.
using LineTimes = std::vector<Nanoseconds>;

// The most lines that are counted. A minute with more of them counts as having
// this many, before the switch and after it alike.
inline constexpr unsigned kMostErrorLines = 10'000;

// Parses the output of `journalctl --output=short-monotonic`. The further lines
// of a message of several lines have no stamp and do not count.
LineTimes ParseLineTimes(std::string_view journal);

// Returns the times of the unit's newest `limit` errors of this boot. Returns
// nullopt if the journal cannot be read.
std::optional<LineTimes> ReadErrorTimes(Runner* runner, const std::string& unit,
                                        unsigned limit);

// Returns how many lines were written after `from`, until `to`.
unsigned CountLines(const LineTimes& times, Nanoseconds from, Nanoseconds to);

// Returns the number of lines in the busiest of the `minutes` before `end`.
unsigned BusiestMinute(const LineTimes& times, Nanoseconds end,
                       unsigned minutes);

// Whether the unit was stopped, or started again, by a job of systemd after
// `since`: a person or a program asked for it. Returns nullopt if the journal
// cannot be read.
std::optional<bool> StopWasAsked(Runner* runner, const std::string& unit,
                                 Nanoseconds since);

}  // namespace release

#endif  // RELEASE_SERVICE_ERROR_LINES_H_
