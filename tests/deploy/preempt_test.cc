#include "deploy/preempt.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <utility>

#include "deploy/operations.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/lock.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

using std::chrono::seconds;

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// Release 1 is live; alice's transaction runs, and bob wants a rollback.
struct Two : World {
  Two() {
    REQUIRE(Deploy("1").exit == Exit::kDone);
    context.caller = {.user = "alice", .pid = 1};
    bob = context;
    bob.caller = {.user = "bob", .pid = 2};
  }
  // Has bob ask after three seconds of the next transaction.
  void AskSoon() {
    clock.At(clock.SinceBoot() + seconds(3),
             [this] { preempted = Preempt(&bob); });
  }

  DeployContext bob;
  std::optional<Preempted> preempted;
};

TEST_CASE("a deploy that waits for health is preempted, by name") {
  Two world;
  world.broken.insert("2");
  world.config.health.deadline = std::chrono::hours(1);
  world.AskSoon();
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kUndone);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == ErrorCode::kAborted);
  CHECK(outcome.error->message.find("by a rollback of bob") !=
        std::string::npos);
  REQUIRE(world.preempted);
  CHECK(world.preempted->number == 2);
  CHECK(world.preempted->command == CommandId::kDeploy);
  CHECK(world.preempted->caller.user == "alice");
  CHECK(world.preempted->returns_to == V("1"));
}

TEST_CASE("a deploy that waits for its confirmation is preempted") {
  Two world;
  world.AskSoon();
  const Outcome outcome = Deploy(&world.context, world.RequestFor("2"),
                                 {.confirm_within = seconds(600)});
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("a rollback that waits for health is not preempted") {
  Two world;
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  world.config.health.min_healthy_time = seconds(10);
  world.AskSoon();
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(!world.preempted);
}

TEST_CASE("a deploy that runs a hook is not preempted") {
  Two world;
  world.config.hooks.pre_activate = {"pre"};
  world.runner.On("pre", [&](const Command&) {
    world.preempted = Preempt(&world.bob);
    return Exited(0);
  });
  CHECK(world.Deploy("2").exit == Exit::kDone);
  CHECK(!world.preempted);
}

TEST_CASE("without a holder of the lock there is nothing to preempt") {
  Two world;
  CHECK(!Preempt(&world.bob));
  CHECK(!Exists(&world.disk, AbortPath(2)));
}

TEST_CASE("a holder without a record is still receiving its archive") {
  Two world;
  const Lock lock(&world.disk, &world.clock, world.context.caller, seconds(0));
  const auto preempted = Preempt(&world.bob);
  REQUIRE(preempted);
  CHECK(preempted->number == 2);
  CHECK(preempted->caller.user == "alice");
  CHECK(!preempted->returns_to);
  CHECK(ReadFile(&world.disk, AbortPath(2)) == "a rollback of bob");
}

TEST_CASE("a request appears at once with its text, and only once") {
  World world;
  LeaveRequest(&world.disk, ConfirmPath(2), "");
  LeaveRequest(&world.disk, AbortPath(2), "bob");
  LeaveRequest(&world.disk, AbortPath(2), "carol");
  CHECK(ReadFile(&world.disk, ConfirmPath(2)).empty());
  CHECK(ReadFile(&world.disk, AbortPath(2)) == "bob");
  for (const DirEntry& entry : world.disk.List(Fs::kRoot, kOwn)) {
    CHECK(!entry.name.starts_with(kTempFilePrefix));
  }
}

// Two callers use the same temporary name, and the holder of the lock removes
// what it takes for garbage.
TEST_CASE("a request survives a temporary file that was taken away") {
  World world;
  FaultFs fs(&world.disk);
  for (const auto& [call, error] :
       {std::pair(FsCall::kRename, ENOENT), {FsCall::kOpen, EEXIST}}) {
    world.disk.RemoveFile(Fs::kRoot, AbortPath(7));
    fs.FailAt(1, error, call);
    LeaveRequest(&fs, AbortPath(7), "by alice");
    CHECK(fs.failed());
    CHECK(ReadFile(&world.disk, AbortPath(7)) == "by alice");
  }
  fs.FailFrom(1, ENOENT, FsCall::kRename);
  world.disk.RemoveFile(Fs::kRoot, AbortPath(7));
  CHECK_THROWS_AS(LeaveRequest(&fs, AbortPath(7), ""), FsError);
}

TEST_CASE("the longest undo covers every limit of the configuration") {
  Config config;
  config.service.timeout = seconds(100);
  config.health.deadline = seconds(1000);
  config.hooks.timeout = seconds(10000);
  CHECK(LongestUndo(config) > seconds(11200));
  config.hooks.timeout = Duration::max();
  CHECK(LongestUndo(config) == Nanoseconds::max());
}

}  // namespace
}  // namespace release
