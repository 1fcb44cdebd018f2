// Sizes, durations and dates as people write and read them.
#ifndef RELEASE_BASE_UNITS_H_
#define RELEASE_BASE_UNITS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace release {

// "90s", "10m", "500ms", "1h30m", "2d"; a bare number is seconds. Nothing
// where it is no duration, is negative or does not fit.
std::optional<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// "850 ms", "4.2 s", "3m20s", "2h05m", "4d03h".
std::string FormatDuration(std::chrono::nanoseconds duration);

// Sum and conversion that stop at the largest or smallest value instead of
// wrapping: a wait of nearly 2^63 ns must not end at once, and an age of 500
// years must not count as young.
std::chrono::nanoseconds AddSaturated(std::chrono::nanoseconds a,
                                      std::chrono::nanoseconds b);
std::chrono::nanoseconds SecondsSaturated(std::int64_t seconds);

// "16GiB", "500MB", "4096"; KiB, MiB, GiB, TiB and KB, MB, GB, TB. Nothing
// where it is no size or does not fit.
std::optional<std::uint64_t> ParseSize(std::string_view text);

// "812 B", "3.4 MiB".
std::string FormatSize(std::uint64_t bytes);

// UTC, "2026-11-23T11:40:45Z", of seconds since 1970.
std::string FormatTime(std::int64_t seconds);

// What FormatTime writes, turned back: UTC, to the second, of a day that there
// is. Nothing for any other text.
std::optional<std::int64_t> ParseTime(std::string_view text);

// UTC, "20261123114045": the version of an archive that names none.
std::string CompactTime(std::int64_t seconds);

}  // namespace release

#endif  // RELEASE_BASE_UNITS_H_
