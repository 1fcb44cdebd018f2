#include "deploy/plan.h"

#include <doctest/doctest.h>

#include "store/releases.h"
#include "support/archive_bytes.h"
#include "support/expect_error.h"
#include "support/pruned_while_read.h"
#include "support/world.h"

namespace release {
namespace {

const Version kOne = Version::ParseOrThrow("1");
const Version kTwo = Version::ParseOrThrow("2");

bool Plans(const Plan& plan, const std::string& part) {
  for (const std::string& step : plan) {
    if (step.find(part) != std::string::npos) return true;
  }
  return false;
}

// Runs a transaction whose process dies after the switch.
void DieAfterSwitch(World* world) {
  world->runner.On("reload",
                   [](const Command&) -> CommandResult { throw CrashNow(); });
  try {
    world->Deploy("3");
  } catch (const CrashNow&) {
  }
}

}  // namespace

TEST_CASE("a plan of a deploy names each step and changes nothing") {
  World world;
  world.Deploy("1");
  world.config.hooks.pre_activate = {"warm-up"};
  const std::string before = world.disk.Image();
  const Plan plan = PlanDeploy(&world.context, world.RequestFor("2"));
  CHECK(Plans(plan, "unpack 3 entries"));
  CHECK(Plans(plan, "as releases/2"));
  CHECK(Plans(plan, "pre_activate"));
  CHECK(Plans(plan, "point current at releases/2 (now: releases/1)"));
  CHECK(Plans(plan, "have the service take it up"));
  CHECK(Plans(plan, "healthy within"));
  CHECK(Plans(plan, "keep the newest 5 good releases"));
  CHECK(world.disk.Image() == before);
  CHECK(world.service == "releases/1");
}

TEST_CASE("a plan leaves the trees that earlier transactions set aside") {
  World world;
  DeployAll(&world, {"1", "2"});
  SetAside(&world.disk, 1, {kOne});
  const std::string before = world.disk.Image();
  for (const std::uint64_t free : {std::uint64_t{1} << 30, std::uint64_t{1}}) {
    CAPTURE(free);
    world.disk.SetSpace({free, 1'000, 2'000});
    CHECK(Plans(PlanDeploy(&world.context, world.RequestFor("3")),
                "as releases/3"));
    CHECK(world.disk.Image() == before);
  }
}

TEST_CASE("a plan of a release that is pruned meanwhile unpacks it") {
  World world;
  DeployAll(&world, {"1", "2"});
  PrunedWhileRead disk(world.disk, kOne);
  world.context.fs = &disk;
  const Plan plan = PlanDeploy(&world.context, world.RequestFor("1"));
  CHECK(disk.gone());
  CHECK(Plans(plan, "as releases/1"));
}

TEST_CASE("a plan of a stage does not switch") {
  World world;
  const Plan plan = PlanStage(&world.context, world.RequestFor("1"));
  CHECK(plan.size() == 1);
  CHECK(Plans(plan, "publish them as releases/1"));
}

TEST_CASE("a plan of the same content again keeps what is there") {
  World world;
  world.Deploy("1");
  const Plan plan = PlanDeploy(&world.context, world.RequestFor("1"));
  CHECK(plan.size() == 1);
  CHECK(Plans(plan, "keep releases/1 as it is"));
}

TEST_CASE("a plan throws what would refuse the deploy") {
  World world;
  world.Deploy("1");
  ArchiveRequest other = world.RequestFor("2");
  other.version = kOne;
  CHECK(ErrorOf([&] { PlanDeploy(&world.context, std::move(other)); }).code() ==
        ErrorCode::kVersionConflict);
  ArchiveRequest cut =
      RequestOfBytes(World::ArchiveOf("3").substr(0, 700), "shop-3.tar");
  CHECK(ErrorOf([&] { PlanDeploy(&world.context, std::move(cut)); }).code() ==
        ErrorCode::kArchiveTruncated);
}

TEST_CASE("plans of activate and rollback name where current would point") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  world.config.hooks.pre_activate = {"warm-up"};
  const std::string before = world.disk.Image();
  CHECK(
      Plans(PlanActivate(&world.context, kOne), "point current at releases/1"));
  CHECK(PlanActivate(&world.context, kTwo) == Plan{"nothing: it is live"});
  const Plan back = PlanRollback(&world.context, std::nullopt);
  CHECK(Plans(back, "point current at releases/1"));
  CHECK(Plans(back, "mark 2 withdrawn"));
  CHECK(!Plans(back, "pre_activate"));
  CHECK(world.disk.Image() == before);
}

TEST_CASE("plans throw if the release or a rollback target is missing") {
  World world;
  world.Deploy("1");
  const auto code = [](const auto& plan) { return ErrorOf(plan).code(); };
  CHECK(code([&] { PlanActivate(&world.context, kTwo); }) ==
        ErrorCode::kNoSuchRelease);
  CHECK(code([&] { PlanPin(&world.context, kTwo); }) ==
        ErrorCode::kNoSuchRelease);
  CHECK(code([&] { PlanRollback(&world.context, kTwo); }) ==
        ErrorCode::kNoSuchRelease);
  CHECK(code([&] { PlanRollback(&world.context, std::nullopt); }) ==
        ErrorCode::kNothingToRollBackTo);
}

TEST_CASE("a plan of prune gives the reason of each removal") {
  World world;
  for (const char* version : {"1", "2", "3"}) world.Deploy(version);
  CHECK(PlanPrune(&world.context).Steps() ==
        Plan{"nothing: retention keeps every release"});
  world.config.keep_releases = 1;
  const Plan plan = PlanPrune(&world.context).Steps();
  REQUIRE(plan.size() == 1);
  CHECK(plan.front() == "remove 1: good, beyond keep_releases = 1 (10 B)");
  CHECK(world.disk.Stat(Fs::kRoot, "releases/1").has_value());
}

TEST_CASE("a plan does not call a running transaction interrupted") {
  World world;
  world.Deploy("1");
  Plan plan;
  world.runner.On("probe", [&](const Command&) {
    plan = PlanPrune(&world.context).settling;
    return Exited(0);
  });
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  REQUIRE(!plan.empty());
  CHECK(plan.front().starts_with("wait for transaction 2 (deploy)"));
}

TEST_CASE("every plan settles an interrupted transaction first") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  DieAfterSwitch(&world);
  const std::string first = "settle transaction 3 first";
  CHECK(Plans(PreviewRecovery(&world.context), first));
  CHECK(Plans(PlanPrune(&world.context).Steps(), first));
  CHECK(Plans(PlanActivate(&world.context, kOne), first));
  CHECK(Plans(PlanRollback(&world.context, std::nullopt), first));
  CHECK(Plans(PlanDeploy(&world.context, world.RequestFor("4")), first));
}

TEST_CASE("a plan of recover says what the recovery rule would do") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  DieAfterSwitch(&world);
  SUBCASE("the link goes back and the release is marked failed") {
    const Plan plan = PreviewRecovery(&world.context);
    CHECK(Plans(plan, "point current back at releases/2 (now: releases/3)"));
    CHECK(Plans(plan, "reload the service"));
    CHECK(Plans(plan, "keep releases/3 and mark it failed"));
  }
  SUBCASE("a link that a person moved stays") {
    world.disk.RemoveFile(Fs::kRoot, "current");
    world.disk.MakeSymlink("releases/1", Fs::kRoot, "current");
    const Plan plan = PreviewRecovery(&world.context);
    CHECK(Plans(plan, "leave current at releases/1: it was moved by hand"));
    CHECK_FALSE(Plans(plan, "point current back"));
    CHECK_FALSE(Plans(plan, "reload the service"));
    CHECK(world.RecoverNow().exit == Exit::kNeedsPerson);
    CHECK(world.Current() == "releases/1");
  }
  SUBCASE("a link stays if the release before is gone") {
    SetAside(&world.disk, 9, {kTwo});
    CHECK(Plans(PreviewRecovery(&world.context),
                "leave current at releases/3: releases/2 is gone"));
    CHECK(world.RecoverNow().exit == Exit::kNeedsPerson);
    CHECK(world.Current() == "releases/3");
  }
}

TEST_CASE("a plan of recover with nothing open says so") {
  World world;
  world.Deploy("1");
  CHECK(PreviewRecovery(&world.context) ==
        Plan{"nothing: no transaction is open"});
}

}  // namespace release
