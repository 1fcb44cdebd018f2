#include "cli/instance_commands.h"

#include <doctest/doctest.h>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a root without a unit has nothing to start") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed run = rig.Run({"start"});
  CHECK(run.exit == 2);
  CHECK(Has(run.err, "names no [service] unit"));
  CHECK(Has(rig.Run({"start", "--dry-run"}).out, "start 1"));
}

TEST_CASE("a root without instances has nothing to drain") {
  const CommandRig rig;
  const Printed run = rig.Run({"drain"});
  CHECK(run.exit == 2);
  CHECK(Has(run.err, "has no [instances]"));
}

}  // namespace release
