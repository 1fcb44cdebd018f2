#include "deploy/host.h"

namespace release {

Failure FailureOf(const Error& error) {
  return {.code = error.code(),
          .message = error.what(),
          .path = error.path(),
          .expected = error.expected(),
          .found = error.found()};
}

}  // namespace release
