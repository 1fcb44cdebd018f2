#include "archive/cp437.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace release {

TEST_CASE("cp437: letters become UTF-8, ASCII stays") {
  CHECK(FromCp437("plain.txt") == "plain.txt");
  CHECK(FromCp437("\x84\x81\xE1") == "\xC3\xA4\xC3\xBC\xC3\x9F");
  CHECK(FromCp437("\xC9\xCD") == "\xE2\x95\x94\xE2\x95\x90");
  std::string all;
  for (int byte = 0x80; byte < 0x100; ++byte) all += static_cast<char>(byte);
  CHECK(IsUtf8(FromCp437(all)));
}

}  // namespace release
