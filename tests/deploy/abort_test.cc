#include <doctest/doctest.h>

#include "store/layout.h"
#include "support/expect_error.h"
#include "support/world.h"

namespace release {

using std::chrono::seconds;

TEST_CASE("an abort ends the wait for health at once, and undo follows") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  world.config.health.min_healthy_time = seconds(60);
  world.config.health.interval = seconds(10);
  const Nanoseconds start = world.clock.SinceBoot();
  // An abort cuts only the way forward short; the undo takes as long as it
  // needs.
  Nanoseconds undone_from{0};
  world.clock.At(start + seconds(5), [&] {
    Abort(&world.context);
    world.config.health.min_healthy_time = seconds(1);
    undone_from = world.clock.SinceBoot();
  });
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kUndone);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == ErrorCode::kAborted);
  CHECK(outcome.error->message.find("by " + CallerName(world.context.caller)) !=
        std::string::npos);
  CHECK(world.Current() == "releases/1");
  CHECK(world.service == "releases/1");
  CHECK(undone_from == start + seconds(5));
  CHECK(world.clock.SinceBoot() < start + seconds(20));
}

TEST_CASE("a confirmation that comes during the wait for health counts") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  world.config.health.min_healthy_time = seconds(10);
  const Nanoseconds start = world.clock.SinceBoot();
  world.clock.At(start + seconds(5), [&] { Confirm(&world.disk); });
  const Outcome outcome = Deploy(&world.context, world.RequestFor("2"),
                                 {.confirm_within = seconds(60)});
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.Current() == "releases/2");
  CHECK(world.clock.SinceBoot() < start + seconds(20));
}

TEST_CASE("an abort after the switch says nothing about the release") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  REQUIRE(Stage(&world.context, world.RequestFor("4")).exit == Exit::kDone);
  const auto abort_activation = [&](const std::string& name) {
    world.clock.At(world.clock.SinceBoot() + seconds(5),
                   [&] { Abort(&world.context); });
    const Outcome outcome =
        Activate(&world.context, Version::ParseOrThrow(name),
                 {.confirm_within = seconds(60)});
    CHECK(outcome.exit == Exit::kUndone);
    CHECK(outcome.error->code == ErrorCode::kAborted);
    return ReadDeploymentState(&world.disk)
        .ledger.Find(Version::ParseOrThrow(name))
        ->state;
  };
  CHECK(abort_activation("2") == ReleaseState::kGood);
  CHECK(abort_activation("4") == ReleaseState::kStaged);
  // A new release is kept as failed, or nothing would ever remove it.
  world.clock.At(world.clock.SinceBoot() + seconds(5),
                 [&] { Abort(&world.context); });
  CHECK(Deploy(&world.context, world.RequestFor("5"),
               {.confirm_within = seconds(60)})
            .exit == Exit::kUndone);
  const DeploymentState state = ReadDeploymentState(&world.disk);
  const LedgerEntry* made = state.ledger.Find(Version::ParseOrThrow("5"));
  REQUIRE(made != nullptr);
  CHECK(made->state == ReleaseState::kFailed);
  CHECK(made->reason.find("asked to abort") != std::string::npos);
}

TEST_CASE("a late abort does not affect the next transaction") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  const auto next = ReadDeploymentState(&world.disk).newest + 1;
  world.disk.Close(
      world.disk.Open(Fs::kRoot, AbortPath(next), OpenMode::kCreateNew, 0640));
  CHECK(world.Deploy("2").exit == Exit::kDone);
  // An abort without a running transaction is an error.
  CHECK(ErrorOf([&] { Abort(&world.context); }).code() ==
        ErrorCode::kNothingRunning);
}

}  // namespace release
