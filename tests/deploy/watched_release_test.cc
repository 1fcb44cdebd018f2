#include "deploy/watched_release.h"

#include <doctest/doctest.h>

#include "store/layout.h"
#include "store/warm.h"
#include "support/instance_world.h"
#include "support/watch_world.h"

namespace release {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("a commit begins a watch and has its unit started") {
  WatchWorld world;
  DeployAll(&world, {"1"});
  const auto note = world.Note();
  REQUIRE(note);
  CHECK(note->version.name() == "1");
  CHECK(note->transaction == 1);
  CHECK(note->looks == 40);
  CHECK(note->state == WatchState::kWatching);
  CHECK(note->baseline.invocation == world.unit.state.invocation);
  CHECK(world.unit.own_jobs ==
        std::vector<std::string>{"restart release-watch@shop.service"});
}

TEST_CASE("nothing but a commit of another release begins a watch") {
  WatchWorld world;
  DeployAll(&world, {"1", "2"});
  const auto jobs = world.unit.own_jobs.size();
  world.broken.insert("3");
  CHECK(world.Deploy("3").exit == Exit::kUndone);
  CHECK(world.Deploy("2").result == Result::kUnchanged);
  CHECK(Pin(&world.context, *Version::Parse("2")).exit == Exit::kDone);
  CHECK(world.unit.own_jobs.size() == jobs);
  CHECK(world.Note()->transaction == 2);
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(world.unit.own_jobs.size() == jobs);
  CHECK_FALSE(world.Note());
  CHECK_FALSE(ReadWatchNote(&world.disk));
}

TEST_CASE(
    "without [watch] no commit is watched, and an earlier watch is over") {
  WatchWorld world;
  DeployAll(&world, {"1"});
  world.config.watch = {};
  DeployAll(&world, {"2"});
  CHECK_FALSE(world.Note());
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK_FALSE(world.Note());
}

TEST_CASE("a release that cannot be watched goes live with a warning") {
  WatchWorld world;
  world.context.units_know_app = false;
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kDone);
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0] ==
        "1 is not watched: the unit would read another configuration; "
        "`release watch --run` watches it");
  CHECK(world.Note());
}

// The naive order writes the note after the commit.
TEST_CASE("a commit that survives a power cut has its watch") {
  WatchWorld world;
  DeployAll(&world, {"1"});
  world.Settle();
  int committed = 0;
  for (int calls = 0;; ++calls) {
    MemFs disk = world.disk.Killed();
    WatchWorld trial;
    trial.disk = std::move(disk);
    trial.disk.CrashAfter(calls);
    bool crashed = false;
    try {
      trial.Deploy("2");
    } catch (const CrashNow&) {
      crashed = true;
    }
    trial.disk.CrashAfter(1'000'000);
    trial.disk.ForEachPowerCut([&](MemFs left) {
      const DeploymentState state = ReadDeploymentState(&left);
      const auto version = Version::Parse("2");
      const LedgerEntry* entry = state.ledger.Find(*version);
      const bool good = !state.open && state.live == version &&
                        entry != nullptr && entry->state == ReleaseState::kGood;
      if (!good) return;
      ++committed;
      CHECK(FindWatch(&left, state));
    });
    if (!crashed) break;
  }
  CHECK(committed > 5);
}

TEST_CASE("a request to stop counts for the watch that it names") {
  WatchWorld world;
  DeployAll(&world, {"1"});
  WriteWatchStop(&world.disk, {.transaction = 7, .by = "alice"});
  CHECK(world.Note()->state == WatchState::kWatching);
  WriteWatchStop(&world.disk, {.transaction = 1, .by = "alice"});
  CHECK(world.Note()->state == WatchState::kEnded);
  CHECK(world.Note()->text == "stopped by alice");
  DeployAll(&world, {"2"});
  CHECK(world.Note()->state == WatchState::kWatching);
}

TEST_CASE("a recovery has systemd go on with a watch that has not ended") {
  WatchWorld world;
  DeployAll(&world, {"1"});
  CHECK(RecoverNow(&world.context, WithService::kNo).warnings.empty());
  CHECK(world.unit.own_jobs.back() == "start release-watch@shop.service");
  const auto jobs = world.unit.own_jobs.size();
  WriteWatchStop(&world.disk, {.transaction = 1, .by = "alice"});
  RecoverNow(&world.context, WithService::kNo);
  CHECK(world.unit.own_jobs.size() == jobs);
}

TEST_CASE("with instances the earlier one stays warm as long as the watch") {
  InstanceWorld world;
  world.config.watch.configured = true;
  world.config.watch.length = 60s;
  DeployAll(&world, {"1", "2"});
  const auto warm = ReadWarm(&world.disk, &world.clock);
  REQUIRE(warm);
  CHECK(warm->version.name() == "1");
  CHECK(warm->until - world.clock.SinceBoot() >= 60s + 3 * 15s);
  CHECK(UnitOfRelease(world.config, *Version::Parse("2")) == "shop@2.service");
}

}  // namespace release
