#include "host/container_suite.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <boost/filesystem.hpp>
#include <regex>

#include "support/torture.h"

namespace release {

void CheckSuiteInside(SystemdContainer* container, const std::string& suite,
                      int cases) {
  std::vector<std::string> line = {"env", "RELEASE_INSIDE_CONTAINER=1"};
  if (Torture()) line.emplace_back("RELEASE_TORTURE=1");
  line.insert(line.end(),
              {boost::filesystem::read_symlink("/proc/self/exe").string(),
               "--duration=true", fmt::format("--test-suite={}", suite)});
  const CommandResult result =
      container->Exec(line, std::chrono::seconds(Torture() ? 7200 : 1800));
  INFO(result.output);
  // A run of no test case succeeds too, so the exit status is not enough.
  const bool all = std::regex_search(
      result.output,
      std::regex(fmt::format("test cases: +{0} \\| +{0} passed", cases)));
  CHECK((result.ok() && all));
}

void RequireInside() { REQUIRE(getenv("RELEASE_INSIDE_CONTAINER") != nullptr); }

}  // namespace release
