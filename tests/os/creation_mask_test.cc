#include "os/creation_mask.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "os/posix_fs.h"
#include "os/posix_runner.h"
#include "support/temp_dir.h"

namespace release {
namespace {

mode_t MaskNow() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

}  // namespace

TEST_CASE("a hook does not inherit the cleared umask") {
  const TempDir root;
  const PosixFs fs(root.path());
  REQUIRE(MaskNow() == 0);
  const CommandResult result =
      PosixRunner().Run({.argv = {"sh", "-c", "umask"}});
  REQUIRE(result.ok());
  mode_t callers = 0;
  {
    const CallersCreationMask restored;
    callers = MaskNow();
  }
  CHECK(std::stoul(result.output, nullptr, 8) == callers);
  CHECK(MaskNow() == 0);
}

}  // namespace release
