#include "deploy/disk_facts.h"

#include <doctest/doctest.h>

#include "support/world.h"

namespace release {
namespace {

const BeginRecord kFromOneToTwo = {.from_target = "releases/1",
                                   .to = Version::Parse("2")};

TEST_CASE("the facts name the target of current and what exists") {
  World world;
  DeployAll(&world, {"1", "2"});
  const DiskFacts facts = ReadDiskFacts(&world.disk, kFromOneToTwo);
  CHECK(facts.current_target == "releases/2");
  CHECK(facts.from_exists);
  CHECK(facts.to_inode == world.disk.Stat(Fs::kRoot, "releases/2")->inode);
}

TEST_CASE("a release that is gone is no longer there for the rule") {
  World world;
  world.Deploy("2");
  const DiskFacts facts = ReadDiskFacts(&world.disk, kFromOneToTwo);
  CHECK_FALSE(facts.from_exists);
  CHECK_FALSE(ReadDiskFacts(&world.disk, {.to = Version::Parse("3")}).to_inode);
}

TEST_CASE("a target of another tool is taken to exist") {
  World world;
  CHECK(ReadDiskFacts(&world.disk, {.from_target = "/srv/elsewhere"})
            .from_exists);
}

TEST_CASE("a directory in the place of an earlier link reads as an empty one") {
  World world;
  world.disk.MakeDirectory(Fs::kRoot, "current", 0755);
  CHECK(ReadCurrentTarget(&world.disk, kFromOneToTwo) == "");
  CHECK_FALSE(ReadCurrentTarget(&world.disk, {}));
}

}  // namespace
}  // namespace release
