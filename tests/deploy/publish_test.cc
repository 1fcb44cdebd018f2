// The publishing of a release: an entry in its way, and its sync.
#include <doctest/doctest.h>

#include <cerrno>

#include "store/durable.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

TEST_CASE("a tree that appears under the name meanwhile is left alone") {
  for (const char* when : {"unpack", "publish"}) {
    CAPTURE(when);
    World world;
    REQUIRE(world.Deploy("1").exit == Exit::kDone);
    world.context.report = [&](const ProgressEvent& event) {
      if (event.kind != ProgressEvent::Kind::kStepBegun || event.text != when)
        return;
      world.disk.MakeDirectory(Fs::kRoot, "releases/2", 0755);
      PutFile(&world.disk, "releases/2/precious", "mine");
    };
    const Outcome outcome = world.Deploy("2");
    world.context.report = [](const ProgressEvent&) {};
    CHECK(outcome.exit == Exit::kRefused);
    CHECK(outcome.error->code == ErrorCode::kVersionConflict);
    CHECK(ReadFile(&world.disk, "releases/2/precious") == "mine");
    CHECK(!HasManifest(&world.disk, V("2")));
    CHECK(ListReleases(&world.disk).garbage.empty());
    CHECK(world.Deploy("3").exit == Exit::kDone);
    CHECK(ReadFile(&world.disk, "releases/2/precious") == "mine");
  }
}

TEST_CASE("recovery leaves a tree alone that appeared under the name") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  world.context.report = [&](const ProgressEvent& event) {
    if (event.text != "unpack") return;
    world.disk.MakeDirectory(Fs::kRoot, "releases/2", 0755);
    PutFile(&world.disk, "releases/2/precious", "mine");
    throw CrashNow{};
  };
  CHECK_THROWS_AS(world.Deploy("2"), CrashNow);
  World after(world, world.disk.Killed());
  CHECK(after.RecoverNow().exit == Exit::kDone);
  CHECK(ReadFile(&after.disk, "releases/2/precious") == "mine");
  CHECK(ListReleases(&after.disk).garbage.empty());
  CHECK(after.Current() == "releases/1");
}

TEST_CASE("a failed sync of the tree discards it and is not tried again") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  FaultFs fs(&world.disk);
  world.context.fs = &fs;
  fs.FailAt(1, EIO, FsCall::kSyncTree);
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.error->code == ErrorCode::kSyncFailed);
  CHECK(fs.calls(FsCall::kSyncTree) == 1);
  CHECK(outcome.current == "1");
  CHECK(ListReleases(&world.disk).versions == std::set<Version>{V("1")});
  CHECK(ListReleases(&world.disk).garbage.empty());
  CHECK(!HasManifest(&world.disk, V("2")));
  CHECK(world.Deploy("2").exit == Exit::kDone);
}

}  // namespace
}  // namespace release
