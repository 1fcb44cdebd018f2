// Makes packages of the built command, for tests.
#ifndef RELEASE_TESTS_HOST_PACKAGES_H_
#define RELEASE_TESTS_HOST_PACKAGES_H_

#include <string>

namespace release {

// Runs scripts/package with these arguments. Returns the path of the (first)
// package that it made in `directory`. Throws std::runtime_error if it fails.
std::string MakePackage(const std::string& directory,
                        const std::string& arguments);

}  // namespace release

#endif  // RELEASE_TESTS_HOST_PACKAGES_H_
