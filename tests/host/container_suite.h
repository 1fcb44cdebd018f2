// Tests that run inside a container: this same program, started in there.
//
// What is in such a suite changes the machine it runs on. Its name begins with
// "inside", by which CTest knows to leave it out (and `-tse='inside*'` does). A
// test outside boots the container and runs the suite, which must then have run
// to its last case.
#ifndef RELEASE_TESTS_HOST_CONTAINER_SUITE_H_
#define RELEASE_TESTS_HOST_CONTAINER_SUITE_H_

#include <string>

#include "host/systemd_rig.h"

namespace release {

// Runs the test cases of `suite` inside, and checks that they are `cases` and
// that all passed.
void CheckSuiteInside(SystemdContainer* container, const std::string& suite,
                      int cases);

// Requires that this process runs in a container made for it.
void RequireInside();

}  // namespace release

#endif  // RELEASE_TESTS_HOST_CONTAINER_SUITE_H_
