#include "service/error_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "service/journal_sync.h"

namespace release {
namespace {

constexpr Nanoseconds kAskTimeout = std::chrono::seconds(10);
// About as many bytes as a line of a log has.
constexpr std::size_t kLineBytes = 512;
// The MESSAGE_ID of systemd's "Stopping UNIT ...": a job stops the unit. A unit
// that ends by itself has no such line, nor one that is restarted for that.
constexpr char kStopping[] = "de5b426a63be47a7b6ac3eaac82e2f6f";

// Asks for the newest `limit` lines of this boot that fit `matches`.
std::optional<LineTimes> AskJournal(Runner* runner,
                                    const std::vector<std::string>& matches,
                                    unsigned limit) {
  Command command;
  command.argv = {"journalctl",    "--quiet",
                  "--no-pager",    "--boot",
                  "--no-hostname", "--output=short-monotonic",
                  "--lines",       std::to_string(limit)};
  command.argv.insert(command.argv.end(), matches.begin(), matches.end());
  command.env = {{"LC_ALL", "C"}, {"SYSTEMD_COLORS", "0"}};
  command.timeout = kAskTimeout;
  command.max_output = std::size_t{64} * 1024 + kLineBytes * limit;
  const CommandResult result = runner->Run(command);
  if (!result.ok()) return std::nullopt;
  return ParseLineTimes(result.output);
}

}  // namespace

LineTimes ParseLineTimes(std::string_view journal) {
  LineTimes times;
  while (!journal.empty()) {
    const std::size_t end = std::min(journal.find('\n'), journal.size());
    const std::string line(journal.substr(0, end));
    journal.remove_prefix(std::min(end + 1, journal.size()));
    if (!line.starts_with('[')) continue;
    char* stop = nullptr;
    const double seconds = std::strtod(line.c_str() + 1, &stop);
    if (*stop != ']' || !std::isfinite(seconds)) continue;
    times.push_back(std::chrono::duration_cast<Nanoseconds>(
        std::chrono::duration<double>(seconds)));
  }
  std::sort(times.begin(), times.end());
  return times;
}

std::optional<LineTimes> ReadErrorTimes(Runner* runner, const std::string& unit,
                                        unsigned limit) {
  return AskJournal(runner, {"--priority=err", "--unit=" + unit}, limit);
}

unsigned CountLines(const LineTimes& times, Nanoseconds from, Nanoseconds to) {
  const auto begin = std::upper_bound(times.begin(), times.end(), from);
  const auto end = std::upper_bound(begin, times.end(), to);
  return static_cast<unsigned>(end - begin);
}

unsigned BusiestMinute(const LineTimes& times, Nanoseconds end,
                       unsigned minutes) {
  constexpr Nanoseconds kMinute = std::chrono::minutes(1);
  unsigned most = 0;
  for (unsigned i = 0; i < minutes; ++i) {
    const Nanoseconds to = end - i * kMinute;
    most = std::max(most, CountLines(times, to - kMinute, to));
  }
  return most;
}

std::optional<bool> StopWasAsked(Runner* runner, const std::string& unit,
                                 Nanoseconds since) {
  // A line that is not there yet would pass a stop by a person for a failure.
  SyncJournal(runner);
  const auto times = AskJournal(
      runner,
      {fmt::format("MESSAGE_ID={}", kStopping), fmt::format("UNIT={}", unit)},
      1);
  if (!times) return std::nullopt;
  return !times->empty() && times->back() > since;
}

}  // namespace release
