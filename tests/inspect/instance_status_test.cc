#include "inspect/instance_status.h"

#include <doctest/doctest.h>

#include "inspect/status.h"
#include "support/instance_world.h"

namespace release {

TEST_CASE("each instance has its role, its process and its connections") {
  InstanceWorld world;
  world.config.instances.keep_warm = std::chrono::minutes(1);
  DeployAll(&world, {"1", "2", "3"});
  world.instances.running["shop@9.service"] = 9;
  world.instances.connections["3"] = 4;
  const auto found =
      ReadInstances(&world.context, ReadDeploymentState(&world.disk));
  REQUIRE(found.size() == 4);
  CHECK(found[0].role == InstanceRole::kDraining);
  CHECK(found[1].role == InstanceRole::kWarm);
  CHECK(found[2].role == InstanceRole::kLive);
  CHECK(found[2].pid == world.instances.running["shop@3.service"]);
  CHECK(found[2].connections == 4U);
  CHECK(found[3].role == InstanceRole::kStray);
  const auto problems = InstanceProblems(world.config, found);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("shop@9.service") != std::string::npos);
}

TEST_CASE("a live release whose instance does not run is a problem") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  CHECK(ReadStatus(&world.context, TreeCheck::kBytes).well());
  world.instances.running.clear();
  const StatusReport report = ReadStatus(&world.context, TreeCheck::kBytes);
  CHECK_FALSE(report.well());
  REQUIRE(report.instances.size() == 1);
  CHECK_FALSE(report.instances[0].running);
  CHECK(report.unhealthy());
  REQUIRE(report.state.problems.size() == 1);
  CHECK(report.state.problems[0].find("release start") != std::string::npos);
}

TEST_CASE("without [instances] there are none") {
  World world;
  CHECK(
      ReadInstances(&world.context, ReadDeploymentState(&world.disk)).empty());
}

}  // namespace release
