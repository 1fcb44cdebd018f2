#include "deploy/host.h"

#include <algorithm>

namespace release {

unsigned Host::ThreadsFor(unsigned useful) const {
  return std::min(threads - 1, useful);
}

Failure FailureOf(const Error& error) {
  return {.code = error.code(),
          .message = error.what(),
          .path = error.path(),
          .expected = error.expected(),
          .found = error.found()};
}

}  // namespace release
