#include "cli/screen.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "os/terminal.h"

namespace release {
namespace {

// A narrower terminal is treated as one of this width: its own wrapping is
// easier to read than a column of single words.
constexpr std::size_t kLeastText = 20;

// Wraps one line, which has no break of its own.
std::string WrappedLine(std::string_view line, std::size_t indent,
                        std::size_t width) {
  std::string text;
  std::size_t used = 0;
  while (!line.empty()) {
    const std::size_t space = line.find(' ', 1);
    std::string_view word = line.substr(0, space);
    if (used > 0 && used + DisplayWidth(word) > width) {
      text += "\n" + std::string(indent, ' ');
      used = 0;
      // The space before the word stays behind on the line that is full.
      if (word.front() == ' ') word.remove_prefix(1);
    }
    const std::string_view part = FitColumns(word, width - used);
    text += part;
    used += DisplayWidth(part);
    line.remove_prefix(
        static_cast<std::size_t>(part.data() + part.size() - line.data()));
    if (used == width && !line.empty() && line.front() != ' ') {
      text += "\n" + std::string(indent, ' ');
      used = 0;
    }
  }
  return text;
}

}  // namespace

std::string FormatAgo(const Screen& screen, std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const std::int64_t age = screen.now - seconds;
  if (age <= 0) return "just now";
  if (age < 2 * kMinute) return fmt::format("{} s ago", age);
  if (age < 2 * kHour) return fmt::format("{} min ago", age / kMinute);
  if (age < 2 * kDay) return fmt::format("{} h ago", age / kHour);
  return fmt::format("{} d ago", age / kDay);
}

std::string FormatDate(const Screen& screen, std::int64_t seconds) {
  if (screen.zone == Screen::Zone::kLocal) return FormatLocalTime(seconds);
  std::string text = FormatTime(seconds);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string FormatMinute(const Screen& screen, std::int64_t seconds) {
  constexpr std::size_t kMinute = 16;  // "2026-11-23 11:40"
  const std::string date = FormatDate(screen, seconds);
  const bool utc = screen.zone == Screen::Zone::kUtc;
  return date.substr(0, kMinute) + (utc ? "Z" : "");
}

std::string FormatWhen(const Screen& screen, std::int64_t seconds) {
  return fmt::format("{} ({})", FormatAgo(screen, seconds),
                     FormatDate(screen, seconds));
}

std::string Cut(const Screen& screen, std::string_view text,
                std::size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  const std::size_t mark = DisplayWidth(screen.ellipsis());
  if (columns <= mark) return std::string(FitColumns(text, columns));
  return fmt::format("{}{}", FitColumns(text, columns - mark),
                     screen.ellipsis());
}

std::string Wrapped(const Screen& screen, std::string_view text,
                    std::size_t indent) {
  const std::size_t width =
      screen.columns
          ? std::max<std::size_t>(*screen.columns, indent + kLeastText) - indent
          : std::string::npos;
  std::string wrapped;
  while (true) {
    const std::size_t end = text.find('\n');
    wrapped += WrappedLine(text.substr(0, end), indent, width);
    if (end == text.npos) return wrapped;
    wrapped += "\n" + std::string(indent, ' ');
    text.remove_prefix(end + 1);
  }
}

std::string Counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace release
