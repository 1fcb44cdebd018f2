#include "cli/version_json.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/json.h"

namespace release {
namespace {

// scripts/package.d/install.cmake installs it there, below the prefix.
const char kSbom[] = "share/doc/release/release.spdx.json";

bool AsksForVersion(std::string_view word) {
  return word == "-V" || word == "--version" || word == "--program-version";
}

}  // namespace

bool IsVersionAsJson(int argc, char** argv) {
  if (argc != 3) return false;
  const std::string_view one = argv[1];
  const std::string_view two = argv[2];
  return (AsksForVersion(one) && two == "--json") ||
         (one == "--json" && AsksForVersion(two));
}

std::string VersionJson() {
  return JsonText({{"schema", 2},
                   {"command", nullptr},
                   {"app", nullptr},
                   {"root", nullptr},
                   {"exit", 0},
                   {"version", RELEASE_PROGRAM_VERSION},
                   {"sbom", kSbom}});
}

}  // namespace release
