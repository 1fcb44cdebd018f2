#include "base/hex.h"

#include <doctest/doctest.h>

#include <array>

namespace release {
namespace {

using Bytes = std::array<unsigned char, 4>;

}  // namespace

TEST_CASE("bytes are written as hex digits and read back") {
  const Bytes bytes = {0x00, 0x9a, 0xf0, 0xff};
  CHECK(HexText(bytes) == "009af0ff");
  Bytes back{};
  REQUIRE(ParseHex("009af0ff", back));
  CHECK(back == bytes);
}

TEST_CASE("what is not that many bytes in lower-case digits is refused") {
  Bytes bytes{};
  for (const char* text : {"", "009af0f", "009af0ff0", "009AF0FF", "009af0 f",
                           "009af0fg", "0x9af0ff"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseHex(text, bytes));
  }
}

}  // namespace release
