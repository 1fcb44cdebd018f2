// A release whose tree, files or link change while it is activated, or that the
// disk does not let go live.
#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "deploy/locked_root.h"
#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// A world with release 1 live.
struct Live : World {
  Live() {
    DeployAll(this, {"1"});
    config.hooks.pre_activate = {"pre"};
    config.hooks.post_activate = {"post"};
  }
  // Checks that release 1 is live and runs, and that the record says why.
  void CheckUndone(const Outcome& outcome, Exit exit) {
    REQUIRE(outcome.error);
    CHECK(CodeName(outcome.error->code) ==
          CodeName(ErrorCode::kReleaseAltered));
    CHECK(outcome.exit == exit);
    CHECK(outcome.current == "1");
    CHECK(Current() == "releases/1");
    CHECK(service == "releases/1");
    CHECK(ReadRecord(&disk, outcome.transaction).end->exit == exit);
  }
};

// Renames the tree of a release, as a hook that builds in place may do.
void MoveTree(MemFs* disk, const std::string& version) {
  disk->Rename(Fs::kRoot, "releases/" + version, Fs::kRoot, "shared/moved",
               RenameMode::kNoReplace);
}

TEST_CASE("a release whose tree a hook moves away is undone") {
  for (const char* hook : {"flight", "pre", "post"}) {
    CAPTURE(hook);
    Live world;
    world.config.hooks.preflight = {"flight"};
    world.runner.On(hook, [&](const Command&) {
      MoveTree(&world.disk, "2");
      return Exited(0);
    });
    world.CheckUndone(world.Deploy("2"), hook == std::string("post")
                                             ? Exit::kUndone
                                             : Exit::kFailed);
  }
}

TEST_CASE("a staged release whose tree a hook moves away has failed") {
  Live world;
  world.config.hooks.preflight = {"preflight"};
  world.runner.On("preflight", [&](const Command&) {
    MoveTree(&world.disk, "2");
    return Exited(0);
  });
  world.CheckUndone(Stage(&world.context, world.RequestFor("2")),
                    Exit::kFailed);
}

TEST_CASE("a tree removed or replaced during the wait is undone") {
  for (const bool replaced : {false, true}) {
    Live world;
    world.clock.At(world.clock.SinceBoot() + std::chrono::seconds(20), [&] {
      MoveTree(&world.disk, "2");
      if (replaced) world.disk.MakeDirectory(Fs::kRoot, "releases/2", 0755);
      Confirm(&world.disk);
    });
    world.CheckUndone(Deploy(&world.context, world.RequestFor("2"),
                             {.confirm_within = std::chrono::seconds(60)}),
                      Exit::kUndone);
  }
}

TEST_CASE("a target that disappears while it is activated is not kept") {
  for (const char* command : {"activate", "rollback"}) {
    CAPTURE(command);
    Live world;
    const bool back = command == std::string("rollback");
    REQUIRE(world.Deploy("2").exit == Exit::kDone);
    world.runner.On("probe", [&](const Command&) {
      if (Exists(&world.disk, "releases/1")) MoveTree(&world.disk, "1");
      return Exited(0);
    });
    const Outcome outcome =
        back ? world.Rollback() : Activate(&world.context, V("1"));
    REQUIRE(outcome.error);
    CHECK(outcome.error->code == ErrorCode::kReleaseAltered);
    CHECK(outcome.exit == Exit::kUndone);
    CHECK(world.Current() == "releases/2");
  }
}

TEST_CASE("a switch that is refused is a failure before the switch") {
  for (const char* command : {"deploy", "rollback", "activate"}) {
    CAPTURE(command);
    Live world;
    REQUIRE(world.Deploy("2").exit == Exit::kDone);
    FaultFs fs(&world.disk);
    world.runner.commands.clear();
    // The next rename after the step has begun is that of the switch.
    world.context.report = [&](const ProgressEvent& event) {
      if (event.kind == ProgressEvent::Kind::kStepBegun &&
          event.text == "switch") {
        fs.FailAt(1, EPERM, FsCall::kRename);
      }
    };
    world.context.fs = &fs;
    const std::string name = command;
    const Outcome outcome = name == "deploy" ? world.Deploy("3")
                            : name == "rollback"
                                ? world.Rollback()
                                : Activate(&world.context, V("1"));
    CHECK(outcome.exit == Exit::kFailed);
    CHECK(outcome.result == Result::kFailed);
    REQUIRE(outcome.error);
    CHECK(outcome.error->code == ErrorCode::kPermissionDenied);
    CHECK(world.Current() == "releases/2");
    CHECK(world.runner.Count("reload") == 0);
    CHECK(ReadRecord(&world.disk, 3).end->exit == Exit::kFailed);
    world.context.fs = &world.disk;
    CHECK(world.Deploy("4").exit == Exit::kDone);
  }
}

TEST_CASE("a changed target is a warning of activate") {
  Live world;
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  PutFile(&world.disk, "releases/1/bin/app", "changed", 0755);
  const Outcome outcome = Activate(&world.context, V("1"));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "1");
  REQUIRE(!outcome.warnings.empty());
  CHECK(outcome.warnings[0].starts_with("releases/1 has changed"));
}

}  // namespace
}  // namespace release
