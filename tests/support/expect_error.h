// Captures the Error that a call throws.
#ifndef RELEASE_TESTS_SUPPORT_EXPECT_ERROR_H_
#define RELEASE_TESTS_SUPPORT_EXPECT_ERROR_H_

#include <stdexcept>

#include "base/error.h"

namespace release {

// Returns the Error that `call` throws. Throws std::logic_error, so that the
// test fails, if `call` succeeds.
template <typename Call>
Error ErrorOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

// Whether the message of the error contains `part`.
inline bool Says(const Error& error, std::string_view part) {
  return std::string_view(error.what()).find(part) != std::string_view::npos;
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_EXPECT_ERROR_H_
