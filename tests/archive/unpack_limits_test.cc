#include "archive/unpack_limits.h"

#include <doctest/doctest.h>

#include <csignal>

#include "os/cancellation.h"
#include "support/expect_error.h"

namespace release {
namespace {

TEST_CASE("unpack limits: the limit itself is allowed, one more is not") {
  UnpackLimits limits(10, 2);
  limits.CountBytes(4);
  CHECK_NOTHROW(limits.CountBytes(6));
  CHECK(ErrorOf([&] { limits.CountBytes(1); }).code() ==
        ErrorCode::kLimitExceeded);
  limits.CountEntry();
  CHECK_NOTHROW(limits.CountEntry());
  CHECK(ErrorOf([&] { limits.CountEntry(); }).code() ==
        ErrorCode::kLimitExceeded);
}

TEST_CASE("unpack limits: 0 is no limit") {
  UnpackLimits limits(0, 0);
  CHECK_NOTHROW(limits.CountBytes(std::uint64_t{1} << 50));
  for (int i = 0; i < 5000; ++i) limits.CountEntry();
}

TEST_CASE("unpack limits: a stop request ends counting soon") {
  UnpackLimits limits(0, 0);
  limits.CountBytes(1);
  SetInterruptSignal(SIGTERM);
  CHECK(ErrorOf([&] { limits.CountBytes(2 << 20); }).code() ==
        ErrorCode::kInterrupted);
  const auto many = [&] {
    for (int i = 0; i < 1000; ++i) limits.CountEntry();
  };
  CHECK(ErrorOf(many).code() == ErrorCode::kInterrupted);
  SetInterruptSignal(0);
}

}  // namespace
}  // namespace release
