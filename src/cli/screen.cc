#include "cli/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/ascii.h"
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

std::optional<std::int64_t> ParseMoment(const Screen& screen,
                                        const std::string& text) {
  constexpr std::string_view kStart = "2026-11-23 00:00:00";
  constexpr std::size_t kDate = 10;    // the date alone
  constexpr std::size_t kMinute = 16;  // without the seconds
  const bool has_unit = !text.empty() && !IsDigit(text.back());
  if (const auto age = has_unit ? ParseDuration(text) : std::nullopt) {
    return screen.now - std::chrono::floor<std::chrono::seconds>(*age).count();
  }
  const bool utc = text.ends_with('Z') || screen.zone == Screen::Zone::kUtc;
  std::string whole =
      text.ends_with('Z') ? text.substr(0, text.size() - 1) : text;
  std::replace(whole.begin(), whole.end(), 'T', ' ');
  // A day begins at midnight, a minute with its first second.
  if (whole.size() == kDate || whole.size() == kMinute) {
    whole += kStart.substr(whole.size());
  }
  if (!utc) return ParseLocalTime(whole);
  std::replace(whole.begin(), whole.end(), ' ', 'T');
  return ParseTime(whole + "Z");
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
