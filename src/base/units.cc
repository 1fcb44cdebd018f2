#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "base/ascii.h"

namespace release {
namespace {

// Removes the decimal number at the start of `text` and returns it. Returns
// nullopt if there is none or it does not fit in 64 bits.
std::optional<std::uint64_t> TakeNumber(std::string_view* text) {
  std::uint64_t value = 0;
  const char* begin = text->data();
  const auto [end, error] = std::from_chars(begin, begin + text->size(), value);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<std::size_t>(end - begin));
  return value;
}

// Removes everything up to the next digit from `text` and returns it.
std::string_view TakeLetters(std::string_view* text) {
  const auto end = std::find_if(text->begin(), text->end(), IsDigit);
  const auto length = static_cast<std::size_t>(end - text->begin());
  const std::string_view letters = text->substr(0, length);
  text->remove_prefix(length);
  return letters;
}

struct UnitFactor {
  std::string_view name;
  std::uint64_t value;
};

// In nanoseconds. ParseDuration relies on the order, largest first.
constexpr UnitFactor kDurationUnits[] = {
    {"d", 86'400'000'000'000}, {"h", 3'600'000'000'000}, {"m", 60'000'000'000},
    {"s", 1'000'000'000},      {"ms", 1'000'000},
};

constexpr UnitFactor kSizeUnits[] = {
    {"", 1},
    {"B", 1},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"KiB", std::uint64_t{1} << 10},
    {"MiB", std::uint64_t{1} << 20},
    {"GiB", std::uint64_t{1} << 30},
    {"TiB", std::uint64_t{1} << 40},
};

template <std::size_t N>
const UnitFactor* FindUnit(const UnitFactor (&units)[N],
                           std::string_view name) {
  const auto* found =
      std::find_if(std::begin(units), std::end(units),
                   [&](const UnitFactor& unit) { return unit.name == name; });
  return found == std::end(units) ? nullptr : found;
}

constexpr std::uint64_t kNanosecondsInSecond = 1'000'000'000;
constexpr std::uint64_t kLongestDuration =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// Multiplies; returns nullopt if the product exceeds `most`.
std::optional<std::uint64_t> Times(std::uint64_t count, std::uint64_t unit,
                                   std::uint64_t most) {
  if (count > most / unit) return std::nullopt;
  return count * unit;
}

// Each branch rounds to the precision that it prints and only then compares
// with its limit. Rounding later could print "60.0 s" or "1000 ms".
std::string FormatMagnitude(std::uint64_t ns) {
  const std::uint64_t tenths_of_ms = (ns + 50'000) / 100'000;
  if (tenths_of_ms == 0) return "0 ms";
  if (tenths_of_ms < 100) {
    return fmt::format("{}.{} ms", tenths_of_ms / 10, tenths_of_ms % 10);
  }
  const std::uint64_t ms = (ns + 500'000) / 1'000'000;
  if (ms < 1'000) return fmt::format("{} ms", ms);
  const std::uint64_t tenths = (ns + 50'000'000) / 100'000'000;
  if (tenths < 600) return fmt::format("{}.{} s", tenths / 10, tenths % 10);
  const std::uint64_t s = (ns + 500'000'000) / 1'000'000'000;
  if (s < 3'600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86'400) return fmt::format("{}h{:02}m", s / 3'600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86'400, s / 3'600 % 24);
}

struct CivilTime {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

// Clamps to the years 0 to 9999, which fit in four digits.
CivilTime Civil(std::int64_t seconds) {
  const std::chrono::sys_seconds instant(std::chrono::seconds(
      std::clamp<std::int64_t>(seconds, -62'167'219'200, 253'402'300'799)));
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  return {std::chrono::year_month_day(day),
          std::chrono::hh_mm_ss<std::chrono::seconds>(instant - day)};
}

std::string FormatCivil(std::int64_t seconds, const char* pattern) {
  const CivilTime civil = Civil(seconds);
  return fmt::format(fmt::runtime(pattern), static_cast<int>(civil.date.year()),
                     static_cast<unsigned>(civil.date.month()),
                     static_cast<unsigned>(civil.date.day()),
                     civil.time.hours().count(), civil.time.minutes().count(),
                     civil.time.seconds().count());
}

}  // namespace

std::optional<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  std::uint64_t total = 0;
  const UnitFactor* previous = nullptr;  // the last unit seen
  do {
    const auto count = TakeNumber(&text);
    if (!count) return std::nullopt;
    const std::string_view letters = TakeLetters(&text);
    // A number without a unit is in seconds, but only alone: not "1h30".
    const bool bare = letters.empty() && previous == nullptr;
    const UnitFactor* unit = FindUnit(kDurationUnits, bare ? "s" : letters);
    // Each unit is smaller than the one before: "1h30m", never "30m1h".
    if (unit == nullptr || (previous != nullptr && unit <= previous)) {
      return std::nullopt;
    }
    const auto part = Times(*count, unit->value, kLongestDuration - total);
    if (!part) return std::nullopt;
    total += *part;
    previous = unit;
  } while (!text.empty());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  if (duration.count() >= 0) return FormatMagnitude(count);
  // Negates as unsigned: the smallest duration has no positive counterpart.
  return '-' + FormatMagnitude(std::uint64_t{0} - count);
}

std::string FormatSeconds(double seconds) {
  constexpr double kMost = 9e9;  // seconds that fit into nanoseconds
  return FormatDuration(std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::clamp(seconds, -kMost, kMost))));
}

std::chrono::nanoseconds AddSaturated(std::chrono::nanoseconds a,
                                      std::chrono::nanoseconds b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a.count(), b.count(), &sum)) {
    return std::chrono::nanoseconds(sum);
  }
  return b.count() < 0 ? std::chrono::nanoseconds::min()
                       : std::chrono::nanoseconds::max();
}

std::chrono::nanoseconds SecondsSaturated(std::int64_t seconds) {
  constexpr std::int64_t kMost = kLongestDuration / kNanosecondsInSecond;
  return std::chrono::seconds(std::clamp(seconds, -kMost, kMost));
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  const auto count = TakeNumber(&text);
  if (!count) return std::nullopt;
  const UnitFactor* unit = FindUnit(kSizeUnits, text);
  if (unit == nullptr) return std::nullopt;
  return Times(*count, unit->value, std::numeric_limits<std::uint64_t>::max());
}

std::string FormatSize(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr const char* kNames[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t i = 0;
  // The limit is below 1024 because 1023.95 would be printed as 1024.0.
  for (; value >= 1023.95 && i + 1 < std::size(kNames); ++i) value /= 1024;
  return fmt::format("{:.1f} {}", value, kNames[i]);
}

std::string FormatTime(std::int64_t seconds) {
  return FormatCivil(seconds, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z");
}

std::optional<std::int64_t> ParseTime(std::string_view text) {
  // A '0' in the form stands for any digit; other characters must match.
  constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
  if (text.size() != kForm.size()) return std::nullopt;
  std::vector<int> numbers = {0};
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != '0') {
      if (text[i] != kForm[i]) return std::nullopt;
      numbers.push_back(0);
    } else if (text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    } else {
      numbers.back() = 10 * numbers.back() + (text[i] - '0');
    }
  }
  const std::chrono::year_month_day date{
      std::chrono::year(numbers[0]),
      std::chrono::month(static_cast<unsigned>(numbers[1])),
      std::chrono::day(static_cast<unsigned>(numbers[2]))};
  if (!date.ok() || numbers[3] > 23 || numbers[4] > 59 || numbers[5] > 59) {
    return std::nullopt;
  }
  const std::chrono::sys_days day = date;
  return day.time_since_epoch().count() * std::int64_t{86'400} +
         numbers[3] * 3'600 + numbers[4] * 60 + numbers[5];
}

std::string CompactTime(std::int64_t seconds) {
  return FormatCivil(seconds, "{:04}{:02}{:02}{:02}{:02}{:02}");
}

}  // namespace release
