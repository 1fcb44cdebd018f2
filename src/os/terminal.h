// The terminal that the output goes to, and the width of text on it.
#ifndef RELEASE_OS_TERMINAL_H_
#define RELEASE_OS_TERMINAL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace release {

enum class OutputStream { kOut, kErr };

// Returns whether the stream is a terminal.
[[nodiscard]] bool IsTerminal(OutputStream stream);

// Returns how many columns the stream's terminal has, 80 if it does not know;
// nullopt if the stream is not a terminal.
[[nodiscard]] std::optional<unsigned> TerminalColumns(OutputStream stream);

// Returns whether the locale of the environment uses UTF-8.
[[nodiscard]] bool LocaleIsUtf8();

// Returns how many columns the text takes. An East Asian wide character takes
// two, a combining one none; a byte that is not UTF-8 and a control character
// take one.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text);

// Returns the longest beginning of the text that takes at most `columns`
// columns and ends between two characters.
[[nodiscard]] std::string_view FitColumns(std::string_view text,
                                          std::size_t columns);

// Formats seconds since 1970 in the time zone of this host, without its name:
// "2026-11-23 11:40:45". Formats a time that has no date here as UTC.
[[nodiscard]] std::string FormatLocalTime(std::int64_t seconds);

// Parses the form that FormatLocalTime writes. Returns nullopt for any other
// form, and for a date that does not exist.
[[nodiscard]] std::optional<std::int64_t> ParseLocalTime(
    const std::string& text);

}  // namespace release

#endif  // RELEASE_OS_TERMINAL_H_
