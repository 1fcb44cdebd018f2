#include "archive/read_error.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"

namespace release {
namespace {

TEST_CASE("read error: it names the archive and the reason") {
  const Error error = ErrorOf(
      [] { FailToRead("a.zip", ErrorCode::kArchiveCorrupt, "it is damaged"); });
  CHECK(error.code() == ErrorCode::kArchiveCorrupt);
  CHECK(std::string(error.what()) == "cannot read \"a.zip\": it is damaged");
}

TEST_CASE("read error: a long text is cut") {
  CHECK(Beginning("short") == "short");
  CHECK(Beginning(std::string(10'000, 'x')) == std::string(512, 'x'));
}

}  // namespace
}  // namespace release
