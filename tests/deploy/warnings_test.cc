// Trouble after the outcome is decided is a warning, and never lost.
#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "support/fault_fs.h"
#include "support/world.h"

namespace release {

TEST_CASE("a post_rollback hook that fails after a rollback is a warning") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.config.hooks.post_rollback = {"back"};
  world.runner.On("back", Exited(9));
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "1");
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0].find("the post_rollback hook") !=
        std::string::npos);
}

TEST_CASE("garbage that an undo cannot remove is a warning") {
  for (const bool died : {false, true}) {
    CAPTURE(died);
    World world;
    DeployAll(&world, {"1"});
    FaultFs fault(&world.disk);
    if (!died) {
      world.context.fs = &fault;
      world.runner.On("check", Exited(1));
      world.config.hooks.preflight = {"check"};
    } else {
      world.config.hooks.preflight = {"check"};
      world.runner.On("check", [&](const Command&) {
        world.disk.CrashAfter(0);
        return Exited(0);
      });
    }
    fault.FailFrom(1, EIO, FsCall::kRemoveDirectory);
    Outcome outcome;
    if (died) {
      CHECK_THROWS_AS(world.Deploy("2"), CrashNow);
      World later(world, world.disk.Killed());
      FaultFs broken(&later.disk);
      broken.FailFrom(1, EIO, FsCall::kRemoveDirectory);
      later.context.fs = &broken;
      outcome = later.RecoverNow();
    } else {
      outcome = world.Deploy("2");
    }
    CHECK(world.Current() == "releases/1");
    REQUIRE(outcome.warnings.size() == 1);
    CHECK(outcome.warnings[0].find("cannot remove") != std::string::npos);
  }
}

}  // namespace release
