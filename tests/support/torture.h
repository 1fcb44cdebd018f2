// Whether a test is to do all of what it usually samples.
#ifndef RELEASE_TESTS_SUPPORT_TORTURE_H_
#define RELEASE_TESTS_SUPPORT_TORTURE_H_

#include <cstdlib>

namespace release {

// True below scripts/torture, which has the time.
inline bool Torture() { return std::getenv("RELEASE_TORTURE") != nullptr; }

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_TORTURE_H_
