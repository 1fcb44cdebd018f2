#include "os/runner.h"

#include <doctest/doctest.h>

#include <cerrno>

namespace release {

using End = CommandResult::End;

TEST_CASE("only exit status 0 is success") {
  CHECK(CommandResult{End::kExited, 0, ""}.ok());
  CHECK_FALSE(CommandResult{End::kExited, 1, ""}.ok());
  CHECK_FALSE(CommandResult{End::kSignalled, 0, ""}.ok());
  CHECK_FALSE(CommandResult{End::kTimedOut, 0, ""}.ok());
  CHECK_FALSE(CommandResult{}.ok());
}

TEST_CASE("each end of a command is described in words") {
  CHECK(CommandResult{End::kExited, 3, ""}.Describe() == "exit status 3");
  CHECK(CommandResult{End::kSignalled, 9, ""}.Describe() ==
        "killed by signal 9");
  CHECK(CommandResult{End::kTimedOut, 0, ""}.Describe() == "timed out");
  CHECK(CommandResult{End::kNotStarted, ENOENT, ""}.Describe() ==
        "cannot start: No such file or directory");
}

}  // namespace release
