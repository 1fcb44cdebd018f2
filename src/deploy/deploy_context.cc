#include "deploy/deploy_context.h"

#include <algorithm>

namespace release {

unsigned DeployContext::ThreadsFor(unsigned useful) const {
  // `threads` counts the caller's thread too.
  return std::min(threads - 1, useful);
}

unsigned DeployContext::BusyThreadsFor(unsigned useful) const {
  // With two cores a second writer only takes turns with the caller: unpacking
  // then takes about a tenth longer.
  return std::min(ThreadsFor(useful), std::max(cores, 2U) - 1);
}

Failure FailureOf(const Error& error) {
  return {.code = error.code(),
          .message = error.what(),
          .path = error.path(),
          .expected = error.expected(),
          .found = error.found()};
}

}  // namespace release
