#include "deploy/attempt.h"

#include <fmt/format.h>

#include <new>

namespace release {

Failure FailureOfCurrentException() {
  // Rethrow the current exception to find out its type.
  try {
    throw;
  } catch (const Error& error) {
    return FailureOf(error);
  } catch (const std::bad_alloc&) {
    return {.code = ErrorCode::kInternal,
            // The exception's own text, "std::bad_alloc", says less.
            .message = "cannot go on: out of memory"};
  } catch (const std::exception& error) {
    return {.code = ErrorCode::kInternal,
            .message = fmt::format("cannot go on: {}", error.what())};
  }
}

}  // namespace release
