#include "base/result.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("each result has a name of its own, and is found by it") {
  for (int i = 0; i <= static_cast<int>(Result::kUnknown); ++i) {
    const auto result = static_cast<Result>(i);
    CHECK(ParseResultName(ResultName(result)) == result);
  }
  CHECK(ResultName(Result::kInDoubt) == "in-doubt");
}

TEST_CASE("a result of a later version is unknown") {
  CHECK(ParseResultName("teleported") == Result::kUnknown);
}

TEST_CASE("before the switch a command is refused or has failed") {
  CHECK(ResultBeforeSwitch(Exit::kRefused) == Result::kRefused);
  CHECK(ResultBeforeSwitch(Exit::kFailed) == Result::kFailed);
  CHECK(ResultBeforeSwitch(Exit::kBusy) == Result::kFailed);
}

}  // namespace release
