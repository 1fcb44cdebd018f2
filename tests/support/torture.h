// Lets a test run every case instead of a sample.
#ifndef RELEASE_TESTS_SUPPORT_TORTURE_H_
#define RELEASE_TESTS_SUPPORT_TORTURE_H_

#include <cstdlib>

namespace release {

// True when scripts/torture runs the tests; it sets RELEASE_TORTURE.
inline bool Torture() { return std::getenv("RELEASE_TORTURE") != nullptr; }

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_TORTURE_H_
