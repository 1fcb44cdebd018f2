// The failure that a call ends with.
#ifndef RELEASE_TESTS_SUPPORT_EXPECT_ERROR_H_
#define RELEASE_TESTS_SUPPORT_EXPECT_ERROR_H_

#include <stdexcept>

#include "base/error.h"

namespace release {

// The Error that `call` throws; a test whose call throws none fails.
template <typename Call>
Error ErrorOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

// Whether the error's message has `part` in it.
inline bool Says(const Error& error, std::string_view part) {
  return std::string_view(error.what()).find(part) != std::string_view::npos;
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_EXPECT_ERROR_H_
