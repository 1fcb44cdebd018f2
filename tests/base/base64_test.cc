#include "base/base64.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("base64 of every length is read") {
  CHECK(DecodeBase64("") == "");
  CHECK(DecodeBase64("Zg==") == "f");
  CHECK(DecodeBase64("Zm8=") == "fo");
  CHECK(DecodeBase64("Zm9v") == "foo");
  CHECK(DecodeBase64("Zm9vYmFy") == "foobar");
  CHECK(DecodeBase64("AP/+") == std::string("\0\xFF\xFE", 3));
}

TEST_CASE("base64 in a non-canonical form is refused") {
  for (const char* bad :
       {"Z", "Zg", "Zg=", "=", "====", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm-_",
        "Zh==", "Zm9=", "Z===", "Zg=a", "Zm9v Zm9v"}) {
    CAPTURE(bad);
    CHECK_FALSE(DecodeBase64(bad).has_value());
  }
  CHECK_FALSE(DecodeBase64(std::string("Zm9\0", 4)).has_value());
}

}  // namespace release
