#include "deploy/locked_root.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "store/lock.h"
#include "support/expect_error.h"
#include "support/world.h"

namespace release {

TEST_CASE("the root is locked as long as the object lives") {
  World world;
  {
    const LockedRoot root(&world.context);
    CHECK(root.recovered());
    CHECK(FindLockHolder(&world.disk));
    const Error error = ErrorOf([&] { LockedRoot second(&world.context); });
    CHECK(error.code() == ErrorCode::kBusy);
  }
  CHECK_FALSE(FindLockHolder(&world.disk));
}

TEST_CASE("an interrupted transaction is settled before the state is given") {
  World world;
  DeployAll(&world, {"1"});
  world.runner.On("reload", [&](const Command&) {
    world.disk.CrashAfter(0);
    return Exited(0);
  });
  CHECK_THROWS_AS(world.Deploy("2"), CrashNow);
  world.disk.CrashAfter(1'000'000);
  world.runner.On("reload", [&](const Command&) {
    world.service = world.Current();
    return Exited(0);
  });
  const LockedRoot root(&world.context);
  CHECK(root.recovered());
  CHECK(root.state().live == Version::Parse("1"));
  CHECK(root.state().went_back);
}

TEST_CASE("a wait for the lock names its holder and counts down") {
  World world;
  DeployContext other = world.context;
  other.caller = {.user = "alice", .pid = 7, .command = "release deploy x"};
  other.wait = std::chrono::seconds(30);
  std::string said;
  Nanoseconds limit{0};
  other.report = [&](const ProgressEvent& event) {
    said += event.text + "\n";
    limit = std::max(limit, event.limit);
  };
  std::optional<LockedRoot> root(&other);
  CHECK(said.empty());  // nobody had to wait
  world.clock.At(world.clock.SinceBoot() + std::chrono::seconds(3),
                 [&] { root.reset(); });
  other.caller.user = "bob";
  const LockedRoot second(&other);
  CHECK(said.find("waiting for the command of alice that holds the lock (pid "
                  "7): release deploy x\nlock\nlock\n") == 0);
  CHECK(limit == std::chrono::seconds(30));
}

}  // namespace release
