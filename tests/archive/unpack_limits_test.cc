#include "archive/unpack_limits.h"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "archive/blocks.h"
#include "os/cancellation.h"
#include "support/expect_error.h"

namespace release {
namespace {

TEST_CASE("unpack limits: the limit itself is allowed, one more is not") {
  UnpackLimits limits(10, 2);
  const std::string bytes = "content";
  const std::span<const char> all(bytes);
  limits.CountContent(all);
  CHECK_NOTHROW(limits.CountContent(all.first(3)));
  CHECK(ErrorOf([&] { limits.CountContent(all.first(1)); }).code() ==
        ErrorCode::kLimitExceeded);
  limits.CountEntry();
  CHECK_NOTHROW(limits.CountEntry());
  CHECK(ErrorOf([&] { limits.CountEntry(); }).code() ==
        ErrorCode::kLimitExceeded);
}

TEST_CASE("unpack limits: 0 is no limit") {
  UnpackLimits limits(0, 0);
  CHECK_NOTHROW(limits.CountContent(std::string(1 << 20, 'x')));
  for (int i = 0; i < 5000; ++i) limits.CountEntry();
}

TEST_CASE("unpack limits: a stop request ends counting soon") {
  UnpackLimits limits(0, 0);
  limits.CountContent(std::string_view("x"));
  SetInterruptSignal(SIGTERM);
  const std::string long_one(2 << 20, 'x');
  CHECK(ErrorOf([&] { limits.CountContent(long_one); }).code() ==
        ErrorCode::kInterrupted);
  const auto many = [&] {
    for (int i = 0; i < 1000; ++i) limits.CountEntry();
  };
  CHECK(ErrorOf(many).code() == ErrorCode::kInterrupted);
  SetInterruptSignal(0);
}

TEST_CASE("unpack limits: holes count for less, and not without end") {
  UnpackLimits limits(10'000, 0);
  const auto holes = [&] {
    for (int i = 0; i < 9; ++i) limits.CountContent(HoleBytes());
  };
  CHECK_NOTHROW(holes());
  CHECK_NOTHROW(limits.CountContent(std::string(10'000, '\0')));
  CHECK(ErrorOf(holes).code() == ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace release
