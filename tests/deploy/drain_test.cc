#include "deploy/drain.h"

#include <doctest/doctest.h>

#include "store/warm.h"
#include "support/instance_world.h"

namespace release {
namespace {

using namespace std::chrono_literals;

struct DrainWorld : InstanceWorld {
  std::vector<DrainedInstance> Drain() {
    std::vector<DrainedInstance> drained;
    release::Drain(&context, [&](const DrainedInstance& each) {
      drained.push_back(each);
    });
    return drained;
  }
};

}  // namespace

TEST_CASE("an instance without connections is stopped at once") {
  DrainWorld world;
  DeployAll(&world, {"1", "2"});
  const Nanoseconds before = world.clock.SinceBoot();
  const auto drained = world.Drain();
  REQUIRE(drained.size() == 1);
  CHECK(drained[0].version.name() == "1");
  CHECK(drained[0].cut == 0);
  CHECK(world.instances.Running() == "2");
  CHECK(world.clock.SinceBoot() == before);
}

TEST_CASE("an instance may finish its connections") {
  DrainWorld world;
  DeployAll(&world, {"1", "2"});
  world.instances.connections["1"] = 3;
  world.clock.At(world.clock.SinceBoot() + 4s,
                 [&] { world.instances.connections["1"] = 0; });
  const Nanoseconds before = world.clock.SinceBoot();
  const auto drained = world.Drain();
  REQUIRE(drained.size() == 1);
  CHECK(drained[0].cut == 0);
  CHECK(world.clock.SinceBoot() - before >= 4s);
  CHECK(world.clock.SinceBoot() - before < 5s);
}

TEST_CASE("connections that last too long are cut and counted") {
  DrainWorld world;
  DeployAll(&world, {"1", "2"});
  world.instances.connections["1"] = 3;
  const Nanoseconds before = world.clock.SinceBoot();
  const auto drained = world.Drain();
  REQUIRE(drained.size() == 1);
  CHECK(drained[0].cut == 3);
  CHECK(world.clock.SinceBoot() - before >= 10s);
  CHECK(world.clock.SinceBoot() - before < 11s);
  const TransactionRecord record =
      ReadRecord(&world.disk, ListRecords(&world.disk).back());
  REQUIRE(record.notes.size() == 1);
  CHECK(record.notes[0] == "stopped the instance of 1 with 3 open connections");
  CHECK(ReadDeploymentState(&world.disk).last->number == record.number);
}

TEST_CASE("a warm instance runs until its time is over") {
  DrainWorld world;
  world.config.instances.keep_warm = 60s;
  DeployAll(&world, {"1", "2"});
  CHECK(ReadWarm(&world.disk, &world.clock)->version.name() == "1");
  const Nanoseconds before = world.clock.SinceBoot();
  CHECK(world.Drain().size() == 1);
  CHECK(world.clock.SinceBoot() - before >= 60s);
  CHECK(world.instances.Running() == "2");
}

TEST_CASE("a drain that waits for a warm instance sees a later transaction") {
  DrainWorld world;
  world.config.instances.keep_warm = 1h;
  DeployAll(&world, {"1", "2"});
  world.clock.At(world.clock.SinceBoot() + 60s, [&] {
    CHECK(world.Deploy("3").exit == Exit::kDone);
    world.config.instances.keep_warm = 0s;
    CHECK(world.Deploy("4").exit == Exit::kDone);
  });
  const Nanoseconds before = world.clock.SinceBoot();
  CHECK(world.Drain().size() == 3);
  CHECK(world.instances.Running() == "4");
  CHECK(world.clock.SinceBoot() - before < 62s);
}

TEST_CASE("a drain settles a deploy that died and stops its instance") {
  DrainWorld world;
  DeployAll(&world, {"1"});
  world.runner.On("start -- shop@2.service", [&](const Command&) {
    world.instances.running["shop@2.service"] = 7;
    world.disk.CrashAfter(0);
    return Exited(0);
  });
  CHECK_THROWS_AS(world.Deploy("2"), CrashNow);
  world.disk.CrashAfter(1'000'000);
  REQUIRE(ReadDeploymentState(&world.disk).open);
  world.Drain();
  CHECK_FALSE(ReadDeploymentState(&world.disk).open);
  CHECK(world.instances.Running() == "1");
}

TEST_CASE("a deploy of what is live leaves the warm instance warm") {
  DrainWorld world;
  world.config.instances.keep_warm = 60s;
  DeployAll(&world, {"1", "2", "2"});
  CHECK(ReadWarm(&world.disk, &world.clock)->version.name() == "1");
}

TEST_CASE("only one instance is warm, and none after a rollback") {
  DrainWorld world;
  world.config.instances.keep_warm = 60s;
  DeployAll(&world, {"1", "2", "3"});
  CHECK(ReadWarm(&world.disk, &world.clock)->version.name() == "2");
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK_FALSE(ReadWarm(&world.disk, &world.clock));
}

// The naive drain decides first and takes the lock afterwards, or not at all.
TEST_CASE("a drain never stops what a rollback has just made live") {
  DrainWorld world;
  DeployAll(&world, {"1", "2"});
  world.instances.connections["1"] = 1;
  world.clock.At(world.clock.SinceBoot() + 1s, [&] {
    CHECK(world.Rollback().exit == Exit::kDone);
    world.instances.connections["1"] = 0;
  });
  const auto drained = world.Drain();
  REQUIRE(drained.size() == 1);
  CHECK(drained[0].version.name() == "2");
  CHECK(world.instances.Running() == "1");
}

TEST_CASE("an instance of no release here is left alone") {
  DrainWorld world;
  DeployAll(&world, {"1"});
  world.instances.running["shop@9.service"] = 9;
  CHECK(world.Drain().empty());
  CHECK(world.instances.Running() == "1 9");
}

TEST_CASE("nothing is stopped while no release is live") {
  DrainWorld world;
  DeployAll(&world, {"1", "2"});
  world.disk.RemoveFile(Fs::kRoot, "current");
  CHECK(world.Drain().empty());
  CHECK(world.instances.Running() == "1 2");
}

TEST_CASE("the command drains by itself if no unit does") {
  DrainWorld world;
  DeployAll(&world, {"1", "2"});
  CHECK(world.context.leaves_idle);
  DrainByUnit(&world.context);
  CHECK(world.instances.Running() == "1 2");
  world.instances.drain_unit_exists = false;
  DrainByUnit(&world.context);
  CHECK(world.instances.Running() == "2");
}

TEST_CASE("the live release's instance is started at boot") {
  DrainWorld world;
  CHECK_THROWS_AS(StartLive(&world.context), Error);
  DeployAll(&world, {"1", "2"});
  CHECK(StartLive(&world.context).result == Result::kUnchanged);
  world.instances.running.clear();
  const Outcome outcome = StartLive(&world.context);
  CHECK(outcome.result == Result::kTold);
  CHECK(outcome.current == "2");
  CHECK(world.instances.Running() == "2");
  CHECK(world.runner.Count("start --no-block -- shop@2.service") == 1);
}

TEST_CASE("each instance has one role") {
  DrainWorld world;
  DeployAll(&world, {"1", "2"});
  const DeploymentState state = ReadDeploymentState(&world.disk);
  const auto role = [&](const char* name, std::optional<Version> warm = {}) {
    return RoleName(RoleOf(state, warm, *Version::Parse(name)));
  };
  CHECK(role("2") == "live");
  CHECK(role("1") == "draining");
  CHECK(role("1", Version::Parse("1")) == "warm");
  CHECK(role("9") == "stray");
}

}  // namespace release
