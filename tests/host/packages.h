// The packages of what was built, for tests.
#ifndef RELEASE_TESTS_HOST_PACKAGES_H_
#define RELEASE_TESTS_HOST_PACKAGES_H_

#include <string>

namespace release {

// What scripts/package makes in `directory` with these arguments: the path of
// the one file. Throws std::runtime_error where it fails.
std::string MakePackage(const std::string& directory,
                        const std::string& arguments);

}  // namespace release

#endif  // RELEASE_TESTS_HOST_PACKAGES_H_
