#include "service/pidfile.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "os/input.h"

namespace release {
namespace {

struct NamedSignal {
  std::string_view name;
  int number;
};

// The signals that services use for reloading and the like, by their numbers on
// Linux.
constexpr NamedSignal kSignals[] = {{"HUP", 1},   {"INT", 2},   {"QUIT", 3},
                                    {"USR1", 10}, {"USR2", 12}, {"TERM", 15},
                                    {"CONT", 18}, {"WINCH", 28}};

// Returns `text` as a number; nullopt if any part of it is not one.
std::optional<int> WholeNumber(std::string_view text) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int> SignalNumber(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const NamedSignal& signal : kSignals) {
    if (signal.name == name) return signal.number;
  }
  const auto number = WholeNumber(name);
  return number && *number >= 1 && *number <= 64 ? number : std::nullopt;
}

int ReadPidfile(const std::string& path) {
  const auto text = ReadSmallFile(path, 4096);
  if (!text) return 0;
  std::string_view digits = *text;
  constexpr std::string_view kSpace = " \t\r\n";
  while (!digits.empty() && kSpace.find(digits.back()) != kSpace.npos) {
    digits.remove_suffix(1);
  }
  while (!digits.empty() && kSpace.find(digits.front()) != kSpace.npos) {
    digits.remove_prefix(1);
  }
  const auto pid = WholeNumber(digits);
  // kill(2) would signal our own process group for 0, init for 1, and a process
  // group or every process for a negative number.
  if (!pid || *pid <= 1) {
    throw Error(ErrorCode::kReloadFailed,
                fmt::format("cannot signal the service: {} holds no process "
                            "id: {}",
                            Quoted(path), Quoted(text->substr(0, 40))),
                path);
  }
  return *pid;
}

}  // namespace release
