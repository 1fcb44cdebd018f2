#include "cli/screen.h"

#include <doctest/doctest.h>

#include "support/scoped_env.h"

namespace release {
namespace {

constexpr std::int64_t kNow = 1'795'434'045;  // 2026-11-23T11:40:45Z

Screen Wide(unsigned columns,
            Screen::Charset charset = Screen::Charset::kUtf8) {
  return {.columns = columns, .charset = charset, .now = kNow};
}

}  // namespace

TEST_CASE("an age has the largest unit of which there are two") {
  const Screen screen = Wide(80);
  const auto ago = [&](std::int64_t age) {
    return FormatAgo(screen, kNow - age);
  };
  CHECK(ago(0) == "just now");
  CHECK(ago(-5) == "just now");
  CHECK(ago(1) == "1 s ago");
  CHECK(ago(119) == "119 s ago");
  CHECK(ago(120) == "2 min ago");
  CHECK(ago(7199) == "119 min ago");
  CHECK(ago(7200) == "2 h ago");
  CHECK(ago(2 * 86400 - 1) == "47 h ago");
  CHECK(ago(2 * 86400) == "2 d ago");
  CHECK(ago(400 * 86400) == "400 d ago");
}

TEST_CASE("a date stands beside the age") {
  CHECK(FormatWhen(Wide(80), kNow - 60) == "60 s ago (2026-11-23 11:39:45Z)");
}

TEST_CASE("a moment is a duration back from now, or a date in the zone") {
  const ScopedEnv zone("TZ", "UTC-2");  // two hours ahead of UTC
  Screen screen = Wide(80);
  CHECK(ParseMoment(screen, "2h") == kNow - 7200);
  CHECK(ParseMoment(screen, "2026-11-23") == kNow - 42'045);
  CHECK(ParseMoment(screen, "2026-11-23 11:40") == kNow - 45);
  CHECK(ParseMoment(screen, "2026-11-23T11:40:45Z") == kNow);
  screen.zone = Screen::Zone::kLocal;
  CHECK(ParseMoment(screen, "2026-11-23 13:40:45") == kNow);
  CHECK(ParseMoment(screen, "2026-11-23T11:40:45Z") == kNow);
  for (const char* bad :
       {"", "20261123", "soon", "2026-02-30", "2026-11-23 25:00",
        "2026-11-23 11:40:45 x", "-2h", " 2026-11-23"}) {
    CAPTURE(bad);
    CHECK(!ParseMoment(screen, bad));
  }
}

TEST_CASE("text that is too long is cut with a mark") {
  CHECK(Cut(Wide(80), "1.4.2-rc1", 9) == "1.4.2-rc1");
  CHECK(Cut(Wide(80), "1.4.2-rc1", 6) == "1.4.2\u2026");
  CHECK(Cut(Wide(80, Screen::Charset::kAscii), "1.4.2-rc1", 6) == "1.4...");
  CHECK(Cut(Wide(80, Screen::Charset::kAscii), "1.4.2-rc1", 2) == "1.");
  CHECK(Cut(Wide(80), "\u65e5\u672c\u8a9e", 4) == "\u65e5\u2026");
}

TEST_CASE("words are wrapped below each other") {
  CHECK(Wrapped(Wide(30), "one two three four five six", 8) ==
        "one two three four\n"
        "        five six");
  CHECK(Wrapped(Wide(30), "a\nb", 2) == "a\n  b");
  CHECK(Wrapped({}, "one two three four five six seven", 8) ==
        "one two three four five six seven");
}

TEST_CASE("no line passes the last column, whatever the words are") {
  const std::string text =
      "x /srv/shop/releases/2026.11.29-1234567890-abcdefghij/bin y " +
      std::string(100, 'v') + " z";
  for (const unsigned columns : {24U, 30U, 41U, 80U}) {
    CAPTURE(columns);
    std::string wrapped = Wrapped(Wide(columns), text, 4);
    std::string letters;
    std::size_t column = 4;
    for (const char c : wrapped) {
      column = c == '\n' ? 0 : column + 1;
      CHECK(column <= columns);
      if (c != ' ' && c != '\n') letters += c;
    }
    std::string all = text;
    std::erase(all, ' ');
    CHECK(letters == all);
  }
}

TEST_CASE("a count has its noun") {
  CHECK(Counted(1, "file") == "1 file");
  CHECK(Counted(0, "file") == "0 files");
  CHECK(Counted(2, "file") == "2 files");
}

}  // namespace release
