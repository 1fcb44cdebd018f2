// Turns an exception into a value. The only place beside main that catches
// every exception.
#ifndef RELEASE_DEPLOY_ATTEMPT_H_
#define RELEASE_DEPLOY_ATTEMPT_H_

#include <optional>
#include <utility>

#include "deploy/deploy_context.h"

namespace release {

// Describes the exception that is being handled. Call in a catch block only.
// An exception that does not derive from std::exception goes on.
Failure FailureOfCurrentException();

// Calls `body`. Returns nullopt if it returned, else why it failed.
template <typename Body>
std::optional<Failure> Attempt(Body&& body) {
  try {
    std::forward<Body>(body)();
    return std::nullopt;
  } catch (const std::exception&) {
    return FailureOfCurrentException();
  }
}

}  // namespace release

#endif  // RELEASE_DEPLOY_ATTEMPT_H_
