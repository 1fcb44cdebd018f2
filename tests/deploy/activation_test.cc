#include "deploy/activation.h"

#include <doctest/doctest.h>

#include "support/instance_world.h"

namespace release {
namespace {

using Names = std::vector<std::string>;

void UseHooks(Config* config) {
  config->hooks.pre_activate = {"before"};
  config->hooks.post_activate = {"after"};
}

}  // namespace

TEST_CASE("a service takes the release up after the switch") {
  World world;
  UseHooks(&world.config);
  CHECK(world.Deploy("1").exit == Exit::kDone);
  Names names;
  const TransactionRecord record = ReadRecord(&world.disk, 1);
  for (const StepRecord& step : record.steps) names.push_back(step.name);
  CHECK(names == Names{"unpack", "publish", "pre_activate", "switch", "reload",
                       "health", "post_activate"});
}

TEST_CASE("an instance is proved before the switch, and followers come last") {
  InstanceWorld world;
  UseHooks(&world.config);
  world.config.instances.front_url = "http://127.0.0.1/up";
  world.config.instances.restart = {"worker.service"};
  CHECK(world.Deploy("1").exit == Exit::kDone);
  CHECK(world.StepNames() == Names{"unpack", "publish", "pre_activate", "start",
                                   "health", "switch", "live", "front",
                                   "restart", "post_activate"});
}

TEST_CASE("a rollback runs no activation hooks") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  UseHooks(&world.config);
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(world.StepNames() == Names{"health", "switch", "live"});
}

TEST_CASE("a rollback that is not to be checked only reloads a service") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.broken = {"1"};
  CHECK(Rollback(&world.context, std::nullopt, "", RollbackProof::kUnchecked)
            .exit == Exit::kDone);
  CHECK(world.Current() == "releases/1");
  CHECK(world.service == "releases/1");
}

}  // namespace release
