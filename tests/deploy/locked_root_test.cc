#include "deploy/locked_root.h"

#include <doctest/doctest.h>

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

}  // namespace release
