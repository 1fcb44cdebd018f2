#include "base/text.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("control characters are escaped, readable text is not") {
  CHECK(Escaped("plain/é/日本") == "plain/é/日本");
  CHECK(Escaped("a\nb\x1b[31m") == "a\\nb\\x1b[31m");
  CHECK(Escaped("\xc2\x9b"
                "31m") ==
        "\\xc2\\x9b"
        "31m");
  CHECK(Escaped("\xff\xfe") == "\\xff\\xfe");
  CHECK(Quoted("say \"hi\"\\") == "\"say \\\"hi\\\"\\\\\"");
}

TEST_CASE("printable words keep their own quotes") {
  CHECK(Printable("cannot read \"a\\x1b\": gone") ==
        "cannot read \"a\\x1b\": gone");
  CHECK(Printable("a\x1b[2J\nb") == "a\\x1b[2J\\nb");
}

TEST_CASE("text that leaves the program keeps its lines and nothing more") {
  CHECK(PrintableLines("cannot \"read\":\n  a\x1b[2J\tb\r\x07\x7f\xff é") ==
        "cannot \"read\":\n  a\\x1b[2J\\tb\\r\\x07\\x7f\\xff é");
}

TEST_CASE("unescape gives back exactly what was escaped") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  std::string back;
  REQUIRE(Unescape(Escaped(all), &back));
  CHECK(back == all);
  for (const char* bad : {"\\", "\\q", "\\x", "\\x1", "\\xg0", "\\x-1"}) {
    CHECK_FALSE_MESSAGE(Unescape(bad, &back), bad);
  }
}

TEST_CASE("words are added to the cause, before the lines of a log") {
  CHECK(AppendToFirstLine("it failed", "; so what") == "it failed; so what");
  CHECK(AppendToFirstLine("it failed\n  log", "; so what") ==
        "it failed; so what\n  log");
  CHECK(AppendToFirstLine("it failed\n  log", "; undo: bad\n  more") ==
        "it failed; undo: bad\n  log\n  more");
  CHECK(AppendToFirstLine("it failed", "; bad\n  more") ==
        "it failed; bad\n  more");
}

TEST_CASE("only well-formed UTF-8 passes") {
  CHECK(IsUtf8("aé日😀"));
  CHECK_FALSE(IsUtf8("\xc0\x80"));          // overlong
  CHECK_FALSE(IsUtf8("\xed\xa0\x80"));      // surrogate
  CHECK_FALSE(IsUtf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(IsUtf8("\xe2\x82"));          // cut
}

TEST_CASE("a message is split into its cause and its excerpt") {
  const std::string message =
      "cannot start: it died\nlast lines:\n  Traceback:\n    File x\n\n  end";
  CHECK(FirstLine(message) == "cannot start: it died");
  CHECK(
      LaterLines(message) ==
      std::vector<std::string>{"last lines:", "Traceback:", "  File x", "end"});
  CHECK(FirstLine("one line") == "one line");
  CHECK(LaterLines("one line").empty());
}

}  // namespace release
