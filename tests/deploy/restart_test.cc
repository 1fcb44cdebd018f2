#include "deploy/restart.h"

#include <doctest/doctest.h>

#include "deploy/operations.h"
#include "deploy/plan.h"
#include "store/instance_link.h"
#include "store/releases.h"
#include "store/verify.h"
#include "support/expect_error.h"
#include "support/instance_world.h"
#include "support/statements.h"

namespace release {
namespace {

using Names = std::vector<std::string>;

Outcome RestartIn(World* world) { return Restart(&world->context); }

}  // namespace

TEST_CASE("a restart publishes the live files again and activates them") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  const Outcome outcome = RestartIn(&world);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "2+r1");
  CHECK(outcome.previous == "2");
  CHECK(world.Current() == "releases/2+r1");
  CHECK(world.StepNames() ==
        Names{"publish", "start", "health", "switch", "live"});
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/2+r1/instance") ==
        "/run/shop/2+r1");
  CHECK(world.disk.Stat(Fs::kRoot, "releases/2+r1/bin/app")->inode ==
        world.disk.Stat(Fs::kRoot, "releases/2/bin/app")->inode);
  const Version version = Version::ParseOrThrow("2+r1");
  CHECK(WithoutInstanceLink(world.config, VerifyRelease(&world.disk, version))
            .empty());
  // The earlier instance is drained, and is the way back.
  CHECK(world.instances.Running() == "1 2 2+r1");
  CHECK(world.Rollback().current == "2");
}

TEST_CASE("a restart of a restart has the next number that is free") {
  InstanceWorld world;
  DeployAll(&world, {"1.0"});
  CHECK(RestartIn(&world).current == "1.0+r1");
  CHECK(RestartIn(&world).current == "1.0+r2");
  CHECK(world.Rollback().current == "1.0+r1");
  CHECK(RestartIn(&world).current == "1.0+r3");
  // A version of that form that was deployed is a release like any other.
  DeployAll(&world, {"5+r7"});
  CHECK(RestartIn(&world).current == "5+r7+r1");
}

TEST_CASE("a restart keeps the owner and mode of the release's directory") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.disk.SetMode(Fs::kRoot, "releases/1", 0750);
  world.disk.SetOwner(Fs::kRoot, "releases/1", 7, 8);
  REQUIRE(RestartIn(&world).exit == Exit::kDone);
  const auto made = world.disk.Stat(Fs::kRoot, "releases/1+r1");
  CHECK(made->mode == 0750);
  CHECK(made->owner == 7);
  CHECK(made->group == 8);
}

TEST_CASE("a restart whose name would be too long is refused as such") {
  DeploymentState state;
  state.live = Version::ParseOrThrow(std::string(125, '1'));
  CHECK(NextRestart(state).name().size() == 128);
  state.live = Version::ParseOrThrow(std::string(126, '1'));
  const Error error = ErrorOf([&] { NextRestart(state); });
  CHECK(error.code() == ErrorCode::kVersionTooLong);
  CHECK(std::string(error.what())
            .ends_with("1+r1, would have more than 128 characters"));
}

TEST_CASE("a restart that is not proved changes nothing") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  world.instances.broken = {"1+r1"};
  const Outcome outcome = RestartIn(&world);
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.error->code == ErrorCode::kHealthDeadline);
  CHECK(outcome.current == "1");
  CHECK(world.instances.Running() == "1");
  CHECK(world.StateOf("1+r1") == ReleaseState::kFailed);
  CHECK(world.StateOf("1") == ReleaseState::kGood);
}

TEST_CASE("the app of a restart may report the release that it is of") {
  InstanceWorld world;
  world.config.health.expect_body = "{version}";
  world.instances.built_as = {{"1+r1", "1"}, {"1+r2", "1"}};
  DeployAll(&world, {"1"});
  REQUIRE(RestartIn(&world).current == "1+r1");
  REQUIRE(RestartIn(&world).current == "1+r2");
  CHECK(world.Rollback().current == "1+r1");
  // An undo goes back to the restart.
  world.config.hooks.post_activate = {"boom"};
  world.runner.On("boom", Exited(1));
  const Outcome undone = world.Deploy("2");
  CHECK(undone.exit == Exit::kUndone);
  CHECK(undone.current == "1+r1");
  world.config.hooks.post_activate.clear();
  CHECK(Activate(&world.context, Version::ParseOrThrow("1+r2")).current ==
        "1+r2");
}

TEST_CASE("a release that only has the name of a restart is none") {
  InstanceWorld world;
  world.config.health.expect_body = "{version}";
  world.instances.built_as = {{"1+r1", "1"}};
  DeployAll(&world, {"1"});
  const Outcome outcome = world.Deploy("1+r1");
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.error->code == ErrorCode::kHealthDeadline);
  CHECK(outcome.current == "1");
}

TEST_CASE("a failed restart is one in the ledger, also after a crash") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  ArchiveRequest request = world.RequestFor("2");
  const std::string sha256 = Sha256Of(World::ArchiveOf("2"));
  request.evidence.attestation =
      EvidenceFile{StatementFor(sha256).dump(), "statement"};
  REQUIRE(Deploy(&world.context, std::move(request)).exit == Exit::kDone);
  const auto entry = [](InstanceWorld* of, const char* name) {
    return *ReadDeploymentState(&of->disk).ledger.Find(
        Version::ParseOrThrow(name));
  };
  REQUIRE(!entry(&world, "2").evidence.empty());
  const auto check_kept = [&](InstanceWorld* left) {
    const LedgerEntry kept = entry(left, "2+r1");
    CHECK(kept.restart_of == "2");
    CHECK(kept.evidence == entry(left, "2").evidence);
    CHECK(left->Current() == "releases/2");
  };
  SUBCASE("its instance answers badly") {
    world.instances.broken = {"2+r1"};
    REQUIRE(RestartIn(&world).exit == Exit::kFailed);
    check_kept(&world);
  }
  SUBCASE("the process dies after the switch") {
    world.config.hooks.post_activate = {"die"};
    world.runner.On("die",
                    [](const Command&) -> CommandResult { throw CrashNow(); });
    CHECK_THROWS_AS(RestartIn(&world), CrashNow);
    const Version restart = Version::ParseOrThrow("2+r1");
    CHECK(ReadDeploymentState(&world.disk).RestartOf(restart) == "2");
    InstanceWorld left(world, world.disk);
    REQUIRE(left.RecoverNow().exit == Exit::kDone);
    check_kept(&left);
  }
}

TEST_CASE("restarts evict neither real releases nor what they go back to") {
  InstanceWorld world;
  world.config.keep_releases = 2;
  DeployAll(&world, {"1", "2", "3"});
  for (int i = 0; i < 10; ++i) {
    REQUIRE(RestartIn(&world).exit == Exit::kDone);
    world.instances.running.erase("shop@3.service");
    for (int old = 0; old < i + 1; ++old) {
      world.instances.running.erase(
          InstanceUnit("shop@.service", fmt::format("3+r{}", old)));
    }
  }
  REQUIRE(Prune(&world.context).exit == Exit::kDone);
  Names names;
  for (const Version& version : ListReleases(&world.disk).versions) {
    names.push_back(version.name());
  }
  CHECK(names == Names{"1", "2", "3+r10", "3+r9"});
}

TEST_CASE("a restart keeps what vouched for the release") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  DeploymentState state = ReadDeploymentState(&world.disk);
  state.ledger.SetEvidence(*state.live, "signed by alice");
  PreparedTransaction prepared;
  PrepareRestart(world.context, state, &prepared);
  CHECK(prepared.evidence == "signed by alice");
  CHECK(prepared.restart_of == "1");
  CHECK(prepared.creates);
}

TEST_CASE("nothing is restarted without a live release or a service") {
  InstanceWorld world;
  CHECK(RestartIn(&world).error->code == ErrorCode::kNoSuchRelease);
  World plain;
  DeployAll(&plain, {"1"});
  plain.config.service.command.clear();
  CHECK(RestartIn(&plain).error->code == ErrorCode::kConfigInvalid);
}

TEST_CASE("a plan of a restart names its steps and changes nothing") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  const std::string before = world.disk.Image();
  const Plan plan = PlanRestart(&world.context);
  CHECK(world.disk.Image() == before);
  REQUIRE(plan.size() > 3);
  CHECK(plan[0] == "publish the files of 1 as releases/1+r1, by hard links");
  CHECK(plan[1].find("start shop@1\\x2br1.service") == 0);
}

TEST_CASE("without instances a restart takes up what is live") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.service = "";
  const Outcome outcome = RestartIn(&world);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "2");
  CHECK(world.service == "releases/2");
  const DeploymentState state = ReadDeploymentState(&world.disk);
  CHECK(state.last->begin->command == CommandId::kRestart);
  CHECK(state.ledger.RollbackTarget(state.live) == Version::Parse("1"));
  CHECK(PlanRestart(&world.context).front().find("have the service") == 0);
}

TEST_CASE("a restart that fails once is tried again, and then needs a person") {
  World world;
  DeployAll(&world, {"1", "2"});
  int reloads = 0, failures = 0;
  world.runner.On("reload", [&](const Command&) {
    return Exited(++reloads <= failures ? 1 : 0);
  });
  SUBCASE("the second try succeeds") {
    failures = 1;
    const Outcome outcome = RestartIn(&world);
    CHECK(outcome.exit == Exit::kUndone);
    CHECK(outcome.current == "2");
    CHECK(reloads == 2);
  }
  SUBCASE("the second try fails too") {
    failures = 2;
    const Outcome outcome = RestartIn(&world);
    CHECK(outcome.exit == Exit::kNeedsPerson);
    CHECK(outcome.error->message.find("a second try failed too") !=
          std::string::npos);
  }
  const DeploymentState state = ReadDeploymentState(&world.disk);
  CHECK(state.ledger.Find(*state.live)->state == ReleaseState::kGood);
}

TEST_CASE("a restart that died is settled by taking up the release again") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.runner.On("reload",
                  [](const Command&) -> CommandResult { throw CrashNow(); });
  CHECK_THROWS_AS(RestartIn(&world), CrashNow);
  world.runner.On("reload", [&](const Command&) {
    world.service = world.Current();
    return Exited(0);
  });
  world.service = "";
  CHECK(world.RecoverNow().exit == Exit::kDone);
  CHECK(world.service == "releases/2");
}

}  // namespace release
