// Parses and formats sizes, durations and dates.
#ifndef RELEASE_BASE_UNITS_H_
#define RELEASE_BASE_UNITS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace release {

// Parses "90s", "10m", "500ms", "1h30m" or "2d"; a bare number is in seconds.
// Returns nullopt if the text is not a duration, is negative, or exceeds 2^63 -
// 1 ns.
std::optional<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// Formats as "850 ms", "4.2 s", "3m20s", "2h05m" or "4d03h".
std::string FormatDuration(std::chrono::nanoseconds duration);

// Formats a time in seconds as FormatDuration does.
std::string FormatSeconds(double seconds);

// Add and convert; the result is clamped to the largest or smallest value
// instead of wrapping. With wrapping, a wait of nearly 2^63 ns would end at
// once and an age of 500 years would count as young.
std::chrono::nanoseconds AddSaturated(std::chrono::nanoseconds a,
                                      std::chrono::nanoseconds b);
std::chrono::nanoseconds SecondsSaturated(std::int64_t seconds);

// Parses a number of bytes, such as "16GiB", "500MB" or "4096". The units are
// B, KB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (powers of 1024).
// Returns nullopt if the text is not a size or does not fit in 64 bits.
std::optional<std::uint64_t> ParseSize(std::string_view text);

// Formats as "812 B" or "3.4 MiB", in powers of 1024.
std::string FormatSize(std::uint64_t bytes);

// Formats seconds since 1970 in UTC: "2026-11-23T11:40:45Z". Times outside the
// years 0 to 9999 are clamped.
std::string FormatTime(std::int64_t seconds);

// Parses the form that FormatTime writes, into seconds since 1970. Returns
// nullopt for any other form or a date that does not exist.
std::optional<std::int64_t> ParseTime(std::string_view text);

// Formats as "20261123114045" (UTC): the version of an archive that names none.
std::string CompactTime(std::int64_t seconds);

}  // namespace release

#endif  // RELEASE_BASE_UNITS_H_
