#include "deploy/operations.h"

#include <doctest/doctest.h>

#include <optional>

#include "deploy/plan.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/verify.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

ReleaseState StateOf(World* world, const std::string& name) {
  const DeploymentState state = ReadDeploymentState(&world->disk);
  const LedgerEntry* entry = state.ledger.Find(V(name));
  REQUIRE(entry != nullptr);
  return entry->state;
}

TEST_CASE("the layout is made once and durably, and .release/ is private") {
  MemFs disk;
  CHECK(InitializeLayout(&disk));
  CHECK(disk.Stat(Fs::kRoot, kOwn)->mode == 0750);
  CHECK(disk.Stat(Fs::kRoot, kReleases)->mode == 0755);
  const std::string tree = disk.Tree();
  CHECK(!InitializeLayout(&disk));
  CHECK(disk.Tree() == tree);
  disk.ForEachPowerCut([](MemFs left) { ReadDeploymentState(&left); });
}

TEST_CASE("a layout that somebody made and did not sync is synced") {
  MemFs disk;
  disk.CrashAfter(7);
  CHECK_THROWS_AS(InitializeLayout(&disk), CrashNow);
  MemFs killed = disk.Killed();
  CHECK(!InitializeLayout(&killed));
  killed.ForEachPowerCut([](MemFs left) { ReadDeploymentState(&left); });
}

TEST_CASE("a rollback past an irreversible release must be asked for twice") {
  World world;
  DeployAll(&world, {"1"});
  CHECK(Deploy(&world.context, world.RequestFor("2"), {.irreversible = true})
            .exit == Exit::kDone);
  DeployAll(&world, {"3"});
  // To 2 itself there is nothing to be afraid of.
  CHECK(PlanRollback(&world.context, V("2")).size() > 1);
  CHECK(ErrorOf([&] { PlanRollback(&world.context, V("1")); }).code() ==
        ErrorCode::kIrreversible);
  const Outcome refused = Rollback(&world.context, V("1"), "");
  CHECK(refused.exit == Exit::kUsage);
  CHECK(refused.error->code == ErrorCode::kIrreversible);
  CHECK(refused.error->message.find("`release rollback 1 --yes`") !=
        std::string::npos);
  CHECK(world.Current() == "releases/3");
  CHECK(Rollback(&world.context, V("1"), "", RollbackProof::kRequired,
                 PastIrreversible::kAllowed)
            .exit == Exit::kDone);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("what is live becomes irreversible by another deploy of it") {
  World world;
  DeployAll(&world, {"1", "2"});
  CHECK(Deploy(&world.context, world.RequestFor("2"), {.irreversible = true})
            .result == Result::kUnchanged);
  CHECK(world.Rollback().error->code == ErrorCode::kIrreversible);
}

TEST_CASE("an irreversible release whose deploy fails is undone all the same") {
  World world;
  DeployAll(&world, {"1"});
  world.broken.insert("2");
  CHECK(Deploy(&world.context, world.RequestFor("2"), {.irreversible = true})
            .exit == Exit::kUndone);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("stage makes a release without making it live") {
  World world;
  DeployAll(&world, {"1"});
  const int reloads = world.runner.Count("reload");
  const Outcome outcome = Stage(&world.context, world.RequestFor("2"));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "1");
  CHECK(outcome.version == V("2"));
  CHECK(StateOf(&world, "2") == ReleaseState::kStaged);
  CHECK(VerifyRelease(&world.disk, V("2")).empty());
  CHECK(world.runner.Count("reload") == reloads);
  CHECK(Stage(&world.context, world.RequestFor("2")).result ==
        Result::kUnchanged);
  CHECK(StateOf(&world, "2") == ReleaseState::kStaged);
}

TEST_CASE("activate makes a staged release live") {
  World world;
  DeployAll(&world, {"1"});
  Stage(&world.context, world.RequestFor("2"));
  const Outcome outcome = Activate(&world.context, V("2"));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.previous == "1");
  CHECK(outcome.current == "2");
  CHECK(world.service == "releases/2");
  CHECK(StateOf(&world, "2") == ReleaseState::kGood);
  CHECK(Activate(&world.context, V("2")).result == Result::kUnchanged);
}

TEST_CASE("a staged release that fails when activated is failed, and kept") {
  World world;
  DeployAll(&world, {"1"});
  Stage(&world.context, world.RequestFor("2"));
  world.broken.insert("2");
  CHECK(Activate(&world.context, V("2")).exit == Exit::kUndone);
  CHECK(world.Current() == "releases/1");
  CHECK(StateOf(&world, "2") == ReleaseState::kFailed);
}

TEST_CASE("two rollbacks go back two releases, and a third is refused") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  CHECK(world.Rollback().current == "2");
  CHECK(world.service == "releases/2");
  CHECK(StateOf(&world, "3") == ReleaseState::kWithdrawn);
  CHECK(world.Rollback().current == "1");
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kNoSuchRelease);
  CHECK(outcome.error->code == ErrorCode::kNothingToRollBackTo);
  CHECK(outcome.current == "1");
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("five failed deploys cost neither a good release nor a rollback") {
  World world;
  world.config.keep_releases = 2;
  DeployAll(&world, {"1", "2", "3"});
  for (const char* bad : {"4", "5", "6", "7", "8"}) {
    world.broken.insert(bad);
    const Outcome outcome = world.Deploy(bad);
    CHECK(outcome.exit == Exit::kUndone);
    CHECK(outcome.current == "3");
  }
  for (const char* good : {"1", "2", "3"}) {
    CHECK(StateOf(&world, good) == ReleaseState::kGood);
    CHECK(VerifyRelease(&world.disk, V(good)).empty());
  }
  CHECK(world.Rollback().current == "2");
  CHECK(world.Rollback().current == "1");
}

TEST_CASE("rollback goes to a failed or withdrawn release only when named") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.broken.insert("3");
  world.Deploy("3");
  world.broken.clear();
  CHECK(Rollback(&world.context, V("3"), "").current == "3");
  CHECK(StateOf(&world, "2") == ReleaseState::kWithdrawn);
  CHECK(world.Rollback().current == "1");
  CHECK(Rollback(&world.context, V("2"), "").exit == Exit::kDone);
  CHECK(world.Current() == "releases/2");
}

TEST_CASE("the reason of a rollback is recorded with the release") {
  World world;
  DeployAll(&world, {"1", "2"});
  CHECK(Rollback(&world.context, std::nullopt, "too slow").exit == Exit::kDone);
  CHECK(ReadDeploymentState(&world.disk).ledger.Find(V("2"))->reason ==
        "too slow");
  CHECK(ReadRecord(&world.disk, 3).begin->reason == "too slow");
}

TEST_CASE("rollback after activating an older release returns") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  REQUIRE(Activate(&world.context, V("1")).exit == Exit::kDone);
  CHECK(world.Rollback().current == "3");
  CHECK(StateOf(&world, "1") == ReleaseState::kWithdrawn);
}

TEST_CASE("rollback to the live one changes nothing") {
  World world;
  DeployAll(&world, {"1", "2"});
  const Outcome outcome = Rollback(&world.context, V("2"), "");
  CHECK(outcome.result == Result::kUnchanged);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(StateOf(&world, "2") == ReleaseState::kGood);
}

TEST_CASE("each command refuses a version that does not exist") {
  World world;
  DeployAll(&world, {"1"});
  for (const Outcome& outcome :
       {Activate(&world.context, V("9")), Rollback(&world.context, V("9"), ""),
        Pin(&world.context, V("9"))}) {
    CHECK(outcome.exit == Exit::kNoSuchRelease);
    CHECK(outcome.error->code == ErrorCode::kNoSuchRelease);
    CHECK(outcome.current == "1");
  }
}

TEST_CASE("rollback skips a release that is gone from the disk") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  RemoveTree(&world.disk, Fs::kRoot, "releases/2");
  CHECK(world.Rollback().current == "1");
}

TEST_CASE("rollback repairs a current that dangles or is missing") {
  for (const char* target : {"releases/gone", ""}) {
    World world;
    DeployAll(&world, {"1", "2"});
    if (*target == '\0') {
      world.disk.RemoveFile(Fs::kRoot, "current");
    } else {
      PutLink(&world.disk, "current", target);
    }
    const Outcome outcome = world.Rollback();
    CHECK(outcome.exit == Exit::kDone);
    CHECK(outcome.current == "2");
    CHECK(world.Current() == "releases/2");
  }
}

TEST_CASE("rollback from a link moved by hand goes to the last good release") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  PutLink(&world.disk, "current", "releases/1");
  CHECK(world.Rollback().current == "3");
}

TEST_CASE("rollback works if no file can be created") {
  // A rollback needs only the spare record, whose space is preallocated, and
  // the link.
  World world;
  DeployAll(&world, {"1", "2"});
  FaultFs full(&world.disk);
  world.context.fs = &full;
  full.FailFrom(1, ENOSPC, FsCall::kReserve);
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(full.failed());
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("rollback needs neither network nor archive, and reloads once") {
  World world;
  DeployAll(&world, {"1", "2"});
  const int reloads = world.runner.Count("reload");
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(world.runner.Count("reload") == reloads + 1);
  CHECK(world.http.requests.empty());
}

TEST_CASE("a rollback to an unhealthy release is undone, once") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.broken.insert("1");
  const int reloads = world.runner.Count("reload");
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.current == "2");
  CHECK(world.service == "releases/2");
  CHECK(world.runner.Count("reload") == reloads + 2);
  CHECK(StateOf(&world, "2") == ReleaseState::kGood);
}

TEST_CASE("if both releases are unhealthy, rollback needs a person") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.broken = {"1", "2"};
  const int reloads = world.runner.Count("reload");
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.result == Result::kInDoubt);
  CHECK(outcome.current == "2");
  CHECK(world.runner.Count("reload") == reloads + 2);
}

TEST_CASE("recover with nothing to settle succeeds and removes garbage") {
  World world;
  DeployAll(&world, {"1"});
  world.disk.MakeDirectory(Fs::kRoot, "releases/.partial-000009", 0700);
  PutFile(&world.disk, ".release/unremovable", ".partial-000009\n");
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = world.RecoverNow();
    CHECK(outcome.exit == Exit::kDone);
    CHECK(outcome.result == Result::kNothing);
    CHECK(outcome.current == "1");
    CHECK(!Exists(&world.disk, ".release/unremovable"));
    CHECK(ListReleases(&world.disk).garbage.empty());
  }
}

TEST_CASE("confirm and abort need a transaction that runs") {
  World world;
  DeployAll(&world, {"1"});
  const auto check = [&] {
    CHECK(ErrorOf([&] { Confirm(&world.disk); }).code() ==
          ErrorCode::kNothingRunning);
    CHECK(ErrorOf([&] { Abort(&world.context); }).code() ==
          ErrorCode::kNothingRunning);
  };
  check();
  // A transaction whose process died counts as not running.
  Journal(&world.disk, 2, Journal::RecordSpace::kNewFile).Begin(BeginRecord());
  check();
}

TEST_CASE("a dry run of abort finds an upload as abort does") {
  World world;
  DeployAll(&world, {"1"});
  const Lock upload(&world.disk, &world.clock, world.context.caller,
                    Nanoseconds(0));
  CHECK(FindForAbort(&world.disk) == 2);
  CHECK(!world.disk.Stat(Fs::kRoot, AbortPath(2)));
  CHECK(Abort(&world.context) == 2);
  // It waits for nothing, so there is nothing to confirm.
  CHECK(ErrorOf([&] { FindForConfirm(&world.disk); }).code() ==
        ErrorCode::kNothingRunning);
}

TEST_CASE("a rollback says whose command it stopped that has no record yet") {
  World world;
  DeployAll(&world, {"1", "2"});
  std::optional<Lock> upload;
  upload.emplace(
      &world.disk, &world.clock,
      Identity{.user = "alice", .pid = 9, .command = "release deploy -"},
      Nanoseconds(0));
  world.clock.At(world.clock.SinceBoot() + std::chrono::seconds(1), [&] {
    world.disk.RemoveFile(Fs::kRoot, AbortPath(3));
    upload.reset();
  });
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kDone);
  REQUIRE(!outcome.warnings.empty());
  CHECK(outcome.warnings.front() ==
        "asked the command of alice that holds the lock to stop: release "
        "deploy -");
}

TEST_CASE("while another transaction runs, a command is refused as busy") {
  World world;
  DeployAll(&world, {"1"});
  std::optional<ErrorCode> code;
  world.runner.On("probe", [&](const Command&) {
    if (!code) code = ErrorOf([&] { Prune(&world.context); }).code();
    return Exited(0);
  });
  CHECK(world.Deploy("2").exit == Exit::kDone);
  CHECK(code == ErrorCode::kBusy);
  CHECK(ListRecords(&world.disk).size() == 2);
}

}  // namespace
TEST_CASE("a failed release is listed with its size") {
  World world;
  world.Deploy("1");
  world.broken.insert("2");
  REQUIRE(world.Deploy("2").exit == Exit::kUndone);
  const DeploymentState state = ReadDeploymentState(&world.disk);
  const LedgerEntry* entry = state.ledger.Find(*Version::Parse("2"));
  REQUIRE(entry != nullptr);
  CHECK(entry->state == ReleaseState::kFailed);
  CHECK(entry->bytes > 0);
}

TEST_CASE("a release that preflight refuses is removed") {
  World world;
  world.Deploy("1");
  world.config.hooks.preflight = {"gate"};
  std::string directory;
  world.runner.On("gate", [&](const Command& command) {
    directory = command.directory;
    return Exited(3, "no tests for this one");
  });
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.error->code == ErrorCode::kHookFailed);
  CHECK(directory == "/srv/shop/releases/2");
  CHECK(world.Current() == "releases/1");
  CHECK(!ReadDeploymentState(&world.disk)
             .listing.versions.contains(*Version::Parse("2")));

  world.runner.On("gate", Exited(0));
  CHECK(world.Deploy("2").exit == Exit::kDone);
  CHECK(world.Current() == "releases/2");
}

TEST_CASE("a failed step is reported and recorded") {
  World world;
  world.Deploy("1");
  world.broken.insert("2");
  const Outcome outcome = world.Deploy("2");
  REQUIRE(!outcome.steps.empty());
  CHECK(outcome.steps.back().name == "health");
  const auto steps = ReadRecord(&world.disk, 2).steps;
  REQUIRE(!steps.empty());
  CHECK(steps.back().name == "health");
}

TEST_CASE("activating a release linked by hand proves it") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  PutLink(&world.disk, "current", "releases/1");
  REQUIRE(!ReadDeploymentState(&world.disk).problems.empty());
  const Outcome outcome = Activate(&world.context, Version::ParseOrThrow("1"));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.result == Result::kCommitted);
  CHECK(world.service == "releases/1");
  const DeploymentState state = ReadDeploymentState(&world.disk);
  CHECK(state.problems.empty());
  CHECK(state.ledger.RollbackTarget(state.live) == Version::Parse("2"));
}

}  // namespace release
