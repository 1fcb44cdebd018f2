#include "host/container_suite.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <boost/filesystem.hpp>
#include <regex>

namespace release {

void CheckSuiteInside(SystemdContainer* container, const std::string& suite,
                      int cases) {
  const CommandResult result = container->Exec(
      {"env", "RELEASE_INSIDE_CONTAINER=1",
       boost::filesystem::read_symlink("/proc/self/exe").string(),
       "--duration=true", fmt::format("--test-suite={}", suite)},
      std::chrono::seconds(400));
  INFO(result.output);
  const bool all = std::regex_search(
      result.output,
      std::regex(fmt::format("test cases: +{0} \\| +{0} passed", cases)));
  CHECK((result.ok() && all));
}

void RequireInside() { REQUIRE(getenv("RELEASE_INSIDE_CONTAINER") != nullptr); }

}  // namespace release
