#include "base/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace release {

TEST_CASE("every error code has a kebab-case name of its own") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto name = CodeName(static_cast<ErrorCode>(i));
    CHECK(names.insert(name).second);
    CHECK(ParseCodeName(name) == static_cast<ErrorCode>(i));
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") ==
          std::string_view::npos);
  }
}

TEST_CASE("a code of a later version is internal") {
  CHECK(ParseCodeName("teleport-failed") == ErrorCode::kInternal);
}

TEST_CASE("a bad archive is refused, a bad config is a usage error") {
  CHECK(ExitBeforeSwitch(ErrorCode::kChecksumMismatch) == Exit::kRefused);
  CHECK(ExitBeforeSwitch(ErrorCode::kConfigInvalid) == Exit::kUsage);
  CHECK(ExitBeforeSwitch(ErrorCode::kNoSpace) == Exit::kFailed);
  CHECK(ExitBeforeSwitch(ErrorCode::kNothingToRollBackTo) ==
        Exit::kNoSuchRelease);
}

}  // namespace release
