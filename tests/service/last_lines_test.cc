#include "service/last_lines.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("the last lines are those that are not empty, escaped") {
  CHECK(LastLines("", 3).empty());
  CHECK(LastLines("\n\n", 3).empty());
  CHECK(LastLines("one", 3) == "\n  one");
  CHECK(LastLines("one\r\ntwo\n\nthree\n", 2) == "\n  two\n  three");
  CHECK(LastLines("\x1b[31mred\n", 1) == "\n  \\x1b[31mred");
  CHECK(LastLines("File \"shop.py\"\n", 1) == "\n  File \"shop.py\"");
  CHECK(LastLines("one\n", 0).empty());
}

}  // namespace release
