#include "inspect/verify_releases.h"

#include <doctest/doctest.h>

#include "support/pruned_while_read.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

const Version kOne = Version::ParseOrThrow("1");

struct Deployed : World {
  Deployed() { DeployAll(this, {"1", "2"}); }
};

TEST_CASE("a release is compared with its manifest") {
  Deployed world;
  CHECK(VerifyIfThere(&world.context, kOne)->ok());
  PutFile(&world.disk, "releases/1/bin/app", "x", 0755);
  CHECK(VerifyIfThere(&world.context, kOne)->differences.size() == 1);
  world.disk.RemoveFile(Fs::kRoot, ".release/manifests/1");
  CHECK(!VerifyIfThere(&world.context, kOne)->error.empty());
}

TEST_CASE("a release that is pruned while it is read is no finding") {
  Deployed world;
  PrunedWhileRead disk(world.disk, kOne);
  world.context.fs = &disk;
  CHECK(!VerifyIfThere(&world.context, kOne));
  CHECK(disk.gone());
  // It is gone before the next command comes to it.
  CHECK(!VerifyIfThere(&world.context, kOne));
}

TEST_CASE("an unreadable manifest of a release that stays is an error") {
  Deployed world;
  PutFile(&world.disk, ".release/manifests/1", "nonsense");
  CHECK_THROWS_AS(VerifyIfThere(&world.context, kOne), Error);
}

}  // namespace
}  // namespace release
