// The layout of output for people: how wide it may be, which characters it may
// use, and how it says when something happened.
#ifndef RELEASE_CLI_SCREEN_H_
#define RELEASE_CLI_SCREEN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace release {

struct Screen {
  enum class Charset { kAscii, kUtf8 };
  enum class Zone { kLocal, kUtc };
  enum class Detail { kBrief, kFull };

  // The columns of the terminal. nullopt: the output is no terminal, so that
  // nothing is cut or broken.
  std::optional<unsigned> columns;
  Charset charset = Charset::kAscii;
  Zone zone = Zone::kUtc;
  Detail detail = Detail::kBrief;
  std::int64_t now = 0;  // seconds since 1970

  // The mark in place of text that was cut off.
  std::string_view ellipsis() const {
    return charset == Charset::kUtf8 ? "\u2026" : "...";
  }
  std::string_view arrow() const {
    return charset == Charset::kUtf8 ? "\u2192" : "->";
  }
};

// Formats the time since `seconds`: "12 s ago", "5 min ago", "3 h ago", "4 d
// ago". A time that is not before `screen.now` is "just now".
std::string FormatAgo(const Screen& screen, std::int64_t seconds);

// Formats a date: "2026-11-23 11:40:45", with a "Z" at the end in UTC.
std::string FormatDate(const Screen& screen, std::int64_t seconds);

// As FormatDate, without the seconds.
std::string FormatMinute(const Screen& screen, std::int64_t seconds);

// Returns "3 h ago (2026-11-23 11:40:45)".
std::string FormatWhen(const Screen& screen, std::int64_t seconds);

// Parses a moment of the past as people type it: a duration back from now, with
// its unit ("2h"), or a date in the screen's zone, with or without a time
// ("2026-11-23", "2026-11-23 11:40"), or with a "Z" at the end in UTC. Returns
// nullopt for any other form.
std::optional<std::int64_t> ParseMoment(const Screen& screen,
                                        const std::string& text);

// Cuts the text to `columns` columns, the ellipsis included.
std::string Cut(const Screen& screen, std::string_view text,
                std::size_t columns);

// Returns the text with a line break before each word that would pass the last
// column, and `indent` spaces after each break, also after its own breaks. A
// word longer than a line is broken inside. The first line begins at column
// `indent`. Without a terminal only its own breaks are indented.
std::string Wrapped(const Screen& screen, std::string_view text,
                    std::size_t indent);

// Returns "1 file", "2 files".
std::string Counted(std::size_t count, std::string_view noun);

}  // namespace release

#endif  // RELEASE_CLI_SCREEN_H_
