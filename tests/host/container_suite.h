// Tests that run inside a container: this test program is started again in
// there.
//
// The cases of such a suite change the machine that they run on. The name of
// the suite begins with "inside", so that CTest excludes it (with
// `-tse='inside*'`). A test outside boots the container, runs the suite in it
// and checks that all its cases have run.
#ifndef RELEASE_TESTS_HOST_CONTAINER_SUITE_H_
#define RELEASE_TESTS_HOST_CONTAINER_SUITE_H_

#include <string>

#include "host/systemd_rig.h"

namespace release {

// Runs the test cases of `suite` inside the container; checks that there are
// `cases` of them and that all have passed.
void CheckSuiteInside(SystemdContainer* container, const std::string& suite,
                      int cases);

// Fails the test unless CheckSuiteInside started this process, so that a suite
// that was started by hand does no harm to the machine.
void RequireInside();

}  // namespace release

#endif  // RELEASE_TESTS_HOST_CONTAINER_SUITE_H_
