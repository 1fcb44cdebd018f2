#include "store/unlocked_read.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

const Version kOne = Version::ParseOrThrow("1");

struct Deployed : World {
  Deployed() { DeployAll(this, {"1", "2"}); }
  void Remove() {
    SetAside(&disk, 99, {kOne});
    CollectGarbage(&disk);
  }
};

TEST_CASE("a release that stays is read") {
  Deployed world;
  CHECK(ReadIfThere(&world.disk, kOne, [] { return 5; }) == 5);
}

TEST_CASE("an error about a release that stays is an error") {
  Deployed world;
  const auto fail = []() -> int {
    throw Error(ErrorCode::kManifestUnreadable, "damaged");
  };
  CHECK(ErrorOf([&] { ReadIfThere(&world.disk, kOne, fail); }).code() ==
        ErrorCode::kManifestUnreadable);
}

TEST_CASE("a release that is not there is not read") {
  Deployed world;
  world.Remove();
  bool was_called = false;
  CHECK(!ReadIfThere(&world.disk, kOne, [&] { return was_called = true; }));
  CHECK_FALSE(was_called);
}

TEST_CASE("a reading of a release that was removed meanwhile says nothing") {
  Deployed world;
  const auto remove = [&] {
    world.Remove();
    return 5;
  };
  CHECK(!ReadIfThere(&world.disk, kOne, remove));
}

TEST_CASE("an error about a release that was removed meanwhile is none") {
  Deployed world;
  const auto remove_and_fail = [&]() -> int {
    world.Remove();
    throw Error(ErrorCode::kIoError, "cannot open it");
  };
  CHECK(!ReadIfThere(&world.disk, kOne, remove_and_fail));
}

TEST_CASE("a release that was removed and made again is another one") {
  Deployed world;
  const auto replace = [&] {
    world.Remove();
    REQUIRE(world.Deploy("1").exit == Exit::kDone);
    return 5;
  };
  CHECK(!ReadIfThere(&world.disk, kOne, replace));
}

}  // namespace
}  // namespace release
