#include "inspect/watch_check.h"

#include <doctest/doctest.h>

#include "support/watch_world.h"

namespace release {
namespace {

using Level = Finding::Level;

}  // namespace

TEST_CASE("without [watch] there is nothing to check") {
  WatchWorld world;
  world.config.watch = {};
  CHECK(CheckWatch(&world.context).empty());
}

TEST_CASE("the units that watch and that go on with it are looked for") {
  WatchWorld world;
  auto found = CheckWatch(&world.context);
  REQUIRE(found.size() == 1);
  CHECK(found[0].level == Level::kOk);
  CHECK(found[0].words ==
        "release-watch@shop.service looks at each new release 40 times, every "
        "15.0 s");
  world.runner.On("is-enabled -- release-recover@shop.service", Exited(1));
  found = CheckWatch(&world.context);
  REQUIRE(found.size() == 2);
  CHECK(found[1].level == Level::kWarning);
  world.runner.On("cat -- release-watch@shop.service", Exited(1));
  found = CheckWatch(&world.context);
  REQUIRE(found.size() == 1);
  CHECK(found[0].level == Level::kWarning);
}

}  // namespace release
