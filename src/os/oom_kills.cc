#include "os/oom_kills.h"

#include <charconv>

#include "base/error.h"
#include "os/input.h"

namespace release {

std::optional<std::uint64_t> ParseOomKills(std::string_view events) {
  constexpr std::string_view kKey = "\noom_kill ";
  const std::string text = "\n" + std::string(events);
  const std::size_t at = text.find(kKey);
  if (at == text.npos) return std::nullopt;
  std::uint64_t count = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + at + kKey.size(), end, count);
  if (read.ec != std::errc()) return std::nullopt;
  return count;
}

std::optional<std::uint64_t> ReadOomKills(const std::string& control_group) {
  constexpr std::size_t kLimit = 4096;
  if (control_group.empty()) return std::nullopt;
  try {
    const auto events = ReadSmallFile(
        HostPath("/sys/fs/cgroup" + control_group + "/memory.events"), kLimit);
    return events ? ParseOomKills(*events) : std::nullopt;
  } catch (const Error&) {
    // It cannot be read, so nothing is known.
    return std::nullopt;
  }
}

}  // namespace release
