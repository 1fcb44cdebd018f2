// Turns an exception into a value. The only place beside main that catches
// every exception.
#ifndef RELEASE_DEPLOY_ATTEMPT_H_
#define RELEASE_DEPLOY_ATTEMPT_H_

#include <optional>
#include <utility>

#include "deploy/deploy_context.h"

namespace release {

// Describes the exception that is being handled: an Error with all its fields,
// any other as kInternal. Call in a catch block only. Rethrows an exception
// that does not derive from std::exception.
Failure FailureOfCurrentException();

// Calls `body`. Returns nullopt if it returned, else the failure that describes
// its exception.
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
