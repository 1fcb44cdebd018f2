#include "os/terminal.h"

#include <doctest/doctest.h>

#include "support/command_run.h"
#include "support/scoped_env.h"

namespace release {

TEST_CASE("the width of text counts columns, not bytes") {
  CHECK(DisplayWidth("") == 0);
  CHECK(DisplayWidth("1.4.2") == 5);
  CHECK(DisplayWidth("caf\u00e9") == 4);
  CHECK(DisplayWidth("e\u0301") == 1);         // a combining accent
  CHECK(DisplayWidth("\u65e5\u672c") == 4);    // two wide characters
  CHECK(DisplayWidth("a\xff\xfe") == 3);       // not UTF-8
  CHECK(DisplayWidth("\u65e5\xe6\x97") == 4);  // cut inside a character
}

TEST_CASE("text is fitted between two characters") {
  CHECK(FitColumns("1.4.2", 5) == "1.4.2");
  CHECK(FitColumns("1.4.2", 3) == "1.4");
  CHECK(FitColumns("caf\u00e9s", 4) == "caf\u00e9");
  CHECK(FitColumns("\u65e5\u672c", 3) == "\u65e5");
  CHECK(FitColumns("e\u0301x", 1) == "e\u0301");
  CHECK(FitColumns("x", 0) == "");
}

TEST_CASE("LC_ALL decides before LC_CTYPE, and that before LANG") {
  const ScopedEnv all("LC_ALL", ""), type("LC_CTYPE", ""), lang("LANG", "");
  CHECK(!LocaleIsUtf8());
  const ScopedEnv utf8_lang("LANG", "de_DE.UTF-8");
  CHECK(LocaleIsUtf8());
  const ScopedEnv plain_type("LC_CTYPE", "C");
  CHECK(!LocaleIsUtf8());
  const ScopedEnv utf8_all("LC_ALL", "C.utf8");
  CHECK(LocaleIsUtf8());
}

TEST_CASE("a local time has the host's zone") {
  const ScopedEnv zone("TZ", "UTC-2");
  CHECK(FormatLocalTime(1'795'434'045) == "2026-11-23 13:40:45");
}

TEST_CASE("a local time is read as it is written, and in no other form") {
  const ScopedEnv zone("TZ", "UTC-2");
  CHECK(ParseLocalTime("2026-11-23 13:40:45") == 1'795'434'045);
  for (const char* bad : {"", "2026-11-23", "2026-11-23 13:40",
                          "2026-02-30 00:00:00", "2026-11-23 13:40:45Z"}) {
    CAPTURE(bad);
    CHECK(!ParseLocalTime(bad));
  }
}

TEST_CASE("standard error is recognized as a terminal, 80 columns wide") {
  const auto ask = [] {
    return static_cast<int>(TerminalColumns(OutputStream::kErr).value_or(0));
  };
  CHECK(PrintedBy(ask, /*terminal=*/true).exit == 80);
  CHECK(PrintedBy(ask, /*terminal=*/false).exit == 0);
}

}  // namespace release
