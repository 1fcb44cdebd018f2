#include "os/runner.h"

#include <fmt/format.h>

#include <cstring>

namespace release {

std::string CommandResult::Describe() const {
  switch (end) {
    case End::kExited:
      return fmt::format("exit status {}", status);
    case End::kSignalled:
      return fmt::format("killed by signal {}", status);
    case End::kTimedOut:
      return "timed out";
    case End::kNotStarted:
      return fmt::format("cannot start: {}", strerror(status));
    case End::kLost:
      return fmt::format("its exit status is lost: {}", strerror(status));
  }
  return "";
}

}  // namespace release
