#include "inspect/instance_check.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/instance_world.h"

namespace release {
namespace {

using Level = Finding::Level;

std::vector<Finding> Check(InstanceWorld* world) {
  return CheckInstances(&world->context,
                        ReadDeploymentState(&world->disk).live);
}

// Returns the level of the finding that contains `part`.
std::optional<Level> LevelOf(const std::vector<Finding>& findings,
                             std::string_view part) {
  const auto it = std::find_if(
      findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.words.find(part) != std::string::npos;
      });
  if (it == findings.end()) return std::nullopt;
  return it->level;
}

}  // namespace

TEST_CASE("the template must use the version") {
  InstanceWorld world;
  world.runner.On("systemctl cat -- shop@.service",
                  Exited(0, "ExecStart=x %I"));
  CHECK(LevelOf(Check(&world), "takes the version") == Level::kOk);
  world.runner.On("systemctl cat -- shop@.service", Exited(0, "ExecStart=x"));
  CHECK(LevelOf(Check(&world), "does not use %I") == Level::kFailure);
  world.runner.On("systemctl cat -- shop@.service", Exited(1));
  CHECK(LevelOf(Check(&world), "there is no template") == Level::kFailure);
}

TEST_CASE("the units that start and drain are looked for") {
  InstanceWorld world;
  world.runner.On("systemctl cat", Exited(0, "%I"));
  world.runner.On("is-enabled -- release-start@shop.service", Exited(1));
  CHECK(LevelOf(Check(&world), "will not start at boot") == Level::kWarning);
  world.runner.On("is-enabled -- release-start@shop.service", Exited(0));
  CHECK(LevelOf(Check(&world), "starts the live release") == Level::kOk);
  CHECK_FALSE(LevelOf(Check(&world), "there is no unit"));
  world.runner.On("systemctl cat -- release-drain@shop.service", Exited(1));
  CHECK(LevelOf(Check(&world), "there is no unit") == Level::kWarning);
}

TEST_CASE("a second instance needs as much memory as the first") {
  InstanceWorld world;
  world.runner.On("systemctl cat", Exited(0, "%I"));
  world.runner.On("is-enabled", Exited(0));
  DeployAll(&world, {"1"});
  world.runner.On("MemoryCurrent", Exited(0, "1048576\n"));
  CHECK(LevelOf(Check(&world), "the live instance uses") == Level::kOk);
  world.runner.On("MemoryCurrent", Exited(0, "9999999999999999\n"));
  CHECK(LevelOf(Check(&world), "the live instance uses") == Level::kWarning);
  world.runner.On("MemoryCurrent", Exited(0, "18446744073709551615\n"));
  CHECK_FALSE(LevelOf(Check(&world), "the live instance uses"));
}

}  // namespace release
