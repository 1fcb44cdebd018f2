#include "host/packages.h"

#include <stdexcept>

#include "host/command.h"

namespace release {

std::string MakePackage(const std::string& directory,
                        const std::string& arguments) {
  const Finished made = RunShell("BUILD=" RELEASE_BUILD_DIR
                                 " " RELEASE_SOURCE_DIR "/scripts/package " +
                                     arguments + " " + directory,
                                 std::chrono::seconds(300));
  if (made.exit != 0) {
    throw std::runtime_error("cannot make packages: " + made.Describe());
  }
  // scripts/package prints one path per line.
  return made.out.substr(0, made.out.find('\n'));
}

}  // namespace release
