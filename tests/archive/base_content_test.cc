#include "archive/base_content.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"

namespace release {

TEST_CASE("content that the base lacks is refused by file, base and reason") {
  const Error error = ErrorOf([] {
    FailAsMissing({.base = "1.4.1", .path = "a b"}, "it is shorter now");
  });
  CHECK(error.code() == ErrorCode::kBaseMissing);
  CHECK(error.what() ==
        std::string("cannot take \"a b\" from 1.4.1: it is shorter now"));
  CHECK(error.path() == "a b");
}

}  // namespace release
