#include "deploy/instance_undo.h"

#include <doctest/doctest.h>

#include "support/instance_world.h"

namespace release {

TEST_CASE("a release that only the front rejects is undone without a start") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.config.instances.front_url = "http://127.0.0.1/up";
  world.instances.front_answers_for = "1";
  world.instances.jobs.clear();
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.error->code == ErrorCode::kFrontFailed);
  CHECK(world.Current() == "releases/1");
  CHECK(world.instances.Running() == "1");
  CHECK(world.runner.Count("start -- shop@1.service") == 1);
  CHECK(world.StateOf("2") == ReleaseState::kFailed);
}

TEST_CASE(
    "a rollback that fails after the switch goes further back next time") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2", "3"});
  SUBCASE("after the switch the target becomes failed") {
    world.config.instances.front_url = "http://127.0.0.1/up";
    world.instances.front_answers_for = "3";
    const Outcome outcome = world.Rollback();
    CHECK(outcome.exit == Exit::kUndone);
    CHECK(outcome.error->code == ErrorCode::kFrontFailed);
    CHECK(outcome.current == "3");
    CHECK(world.StateOf("2") == ReleaseState::kFailed);
    world.instances.front_answers_for = "*";
    CHECK(world.Rollback().current == "1");
  }
  SUBCASE("before the switch it stays good") {
    world.instances.broken = {"2"};
    CHECK(world.Rollback().exit == Exit::kFailed);
    CHECK(world.StateOf("2") == ReleaseState::kGood);
    world.instances.broken.clear();
    CHECK(world.Rollback().current == "2");
  }
}

TEST_CASE("units that follow `current` are restarted, and again by an undo") {
  InstanceWorld world;
  world.config.instances.restart = {"worker.service"};
  DeployAll(&world, {"1"});
  CHECK(world.instances.loaded_by["worker.service"] == "releases/1");
  world.config.instances.front_url = "http://127.0.0.1/up";
  world.config.hooks.post_activate = {"boom"};
  world.runner.On("boom", Exited(1));
  CHECK(world.Deploy("2").exit == Exit::kUndone);
  CHECK(world.instances.loaded_by["worker.service"] == "releases/1");
  // The first deploy starts it, the second and its undo restart it.
  CHECK(world.runner.Count("restart -- worker.service") == 2);
}

TEST_CASE("an instance that died is started before the link goes back to it") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.config.hooks.post_activate = {"boom"};
  world.runner.On("boom", [&](const Command&) {
    world.instances.running.erase("shop@1.service");
    return Exited(1);
  });
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(world.instances.Running() == "1");
  CHECK(world.instances.loaded_by["shop@1.service"] == "releases/2");
}

TEST_CASE("an instance that an operator had stopped stays stopped") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.instances.running.clear();
  world.instances.broken = {"2"};
  CHECK(world.Deploy("2").exit == Exit::kFailed);
  CHECK(world.instances.Running().empty());
}

TEST_CASE("an undo says that the live instance is stopped, as it was before") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.instances.running.clear();
  world.config.hooks.post_activate = {"boom"};
  world.runner.On("boom", Exited(1));
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.current == "1");
  CHECK(world.instances.Running().empty());
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0].starts_with(
      "the instance of 1 was already stopped and was not started: the app is "
      "down"));
}

TEST_CASE("without an earlier release nothing runs after an undo") {
  InstanceWorld world;
  world.config.instances.restart = {"worker.service"};
  world.config.hooks.post_activate = {"boom"};
  world.runner.On("boom", Exited(1));
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.current.empty());
  CHECK(world.instances.running.empty());
}

TEST_CASE("an earlier instance that cannot be started again needs a person") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.config.hooks.post_activate = {"boom"};
  world.runner.On("boom", [&](const Command&) {
    world.instances.running.erase("shop@1.service");
    world.instances.dead = {"1"};
    return Exited(1);
  });
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(world.Current() == "releases/1");
  CHECK(world.instances.Running().empty());
}

TEST_CASE("an earlier instance that a shutdown has stopped is no failure") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.config.hooks.post_activate = {"boom"};
  world.runner.On("boom", [&](const Command&) {
    world.instances.running.erase("shop@1.service");
    world.instances.dead = {"1"};
    return Exited(1);
  });
  world.runner.On("is-system-running", Exited(1, "stopping\n"));
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(world.Current() == "releases/1");
  REQUIRE_FALSE(outcome.warnings.empty());
  CHECK(outcome.warnings.front().find("1 runs when it starts again") !=
        std::string::npos);
}

TEST_CASE("a died deploy is undone before and after its switch") {
  for (const char* step : {"start -- shop@2.service", "boom"}) {
    CAPTURE(step);
    InstanceWorld world;
    DeployAll(&world, {"1"});
    world.config.hooks.post_activate = {"boom"};
    world.runner.On(step, [&](const Command&) {
      world.instances.running["shop@2.service"] = 7;
      world.disk.CrashAfter(0);
      return Exited(0);
    });
    CHECK_THROWS_AS(world.Deploy("2"), CrashNow);
    world.disk.CrashAfter(1'000'000);
    CHECK(world.RecoverNow().exit == Exit::kDone);
    CHECK(world.Current() == "releases/1");
    CHECK(world.instances.Running() == "1");
    CHECK(world.StateOf("2") == ReleaseState::kFailed);
  }
}

}  // namespace release
