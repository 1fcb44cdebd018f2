#include <doctest/doctest.h>

#include <csignal>

#include "deploy/locked_root.h"
#include "os/cancellation.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/verify.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// A world with release 1 live and every hook configured.
struct One : World {
  One() {
    REQUIRE(Deploy("1").exit == Exit::kDone);
    config.hooks.pre_activate = {"pre"};
    config.hooks.post_activate = {"post"};
    config.hooks.post_rollback = {"back"};
    runner.commands.clear();
  }
  ~One() { SetInterruptSignal(0); }

  // Returns the commands that ran, one per line.
  std::string Ran() const {
    std::string lines;
    for (const Command& command : runner.commands) {
      lines += Joined(command) + "\n";
    }
    return lines;
  }
  ReleaseState StateOf(const std::string& name) {
    const DeploymentState state = ReadDeploymentState(&disk);
    const LedgerEntry* entry = state.ledger.Find(V(name));
    REQUIRE(entry != nullptr);
    return entry->state;
  }
  // Checks that after a failure release 1 is live and runs, and that the record
  // says so.
  void CheckUndone(const Outcome& outcome, ErrorCode code, Exit exit) {
    REQUIRE(outcome.error);
    CHECK(CodeName(outcome.error->code) == CodeName(code));
    CHECK(outcome.exit == exit);
    CHECK(outcome.current == "1");
    CHECK(outcome.previous == "1");
    CHECK(Current() == "releases/1");
    CHECK(service == "releases/1");
    // The test's stop request must not end the comparison.
    const CancellationShield shield;
    CHECK(VerifyRelease(&disk, V("1")).empty());
    const TransactionRecord record = ReadRecord(&disk, outcome.transaction);
    REQUIRE(record.end);
    CHECK(record.end->exit == exit);
    CHECK(record.end->code == CodeName(code));
    CHECK(record.end->result == outcome.result);
    CHECK(record.end->message == outcome.error->message);
    CHECK(ListReleases(&disk).garbage.empty());
  }
};

TEST_CASE("a deploy runs and records its steps in order") {
  One world;
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.result == Result::kCommitted);
  CHECK(outcome.command == CommandId::kDeploy);
  CHECK(outcome.transaction == 2);
  CHECK(outcome.version == V("2"));
  CHECK(outcome.previous == "1");
  CHECK(outcome.current == "2");
  CHECK(world.Ran() == "pre\nreload\nprobe\npost\n");
  std::string steps;
  for (const StepRecord& step : ReadRecord(&world.disk, 2).steps) {
    steps += step.name + " ";
  }
  CHECK(steps ==
        "unpack publish pre_activate switch reload health post_activate ");
  CHECK(outcome.steps.size() == 7);
  CHECK(world.disk.open_handles() == 0);
}

TEST_CASE("hooks are told what the transaction is about") {
  One world;
  world.Deploy("2");
  const Command& pre = world.runner.commands.front();
  CHECK(pre.env.at("RELEASE_APP") == "shop");
  CHECK(pre.env.at("RELEASE_VERSION") == "2");
  CHECK(pre.env.at("RELEASE_PREVIOUS") == "1");
  CHECK(pre.env.at("RELEASE_TRANSACTION") == "2");
  CHECK(pre.env.at("RELEASE_DIR") == "/srv/shop/releases/2");
}

TEST_CASE("a failure before the switch changes nothing and drops the tree") {
  One world;
  world.runner.On("pre", Exited(3, "no\n"));
  world.CheckUndone(world.Deploy("2"), ErrorCode::kHookFailed, Exit::kFailed);
  CHECK(world.Ran() == "pre\n");
  CHECK(!Exists(&world.disk, "releases/2"));
}

TEST_CASE("a reload that fails is undone") {
  One world;
  bool first = true;
  world.runner.On("reload", [&](const Command&) {
    if (std::exchange(first, false)) return Exited(1);
    world.service = world.Current();
    return Exited(0);
  });
  world.CheckUndone(world.Deploy("2"), ErrorCode::kReloadFailed, Exit::kUndone);
  CHECK(world.StateOf("2") == ReleaseState::kFailed);
  CHECK(world.Ran() == "pre\nreload\nreload\nprobe\nback\n");
}

TEST_CASE("a release that is not healthy in time is undone and kept") {
  One world;
  world.broken.insert("2");
  world.CheckUndone(world.Deploy("2"), ErrorCode::kHealthDeadline,
                    Exit::kUndone);
  CHECK(world.StateOf("2") == ReleaseState::kFailed);
  CHECK(Exists(&world.disk, "releases/2/bin/app"));
  CHECK(!ReadDeploymentState(&world.disk).ledger.Find(V("2"))->reason.empty());
}

TEST_CASE("a release that does not stay healthy is undone") {
  One world;
  world.config.health.min_healthy_time = std::chrono::seconds(5);
  world.clock.At(world.clock.SinceBoot() + std::chrono::seconds(3),
                 [&] { world.broken.insert("2"); });
  world.CheckUndone(world.Deploy("2"), ErrorCode::kHealthLost, Exit::kUndone);
}

TEST_CASE("a step of the wall clock changes no decision") {
  One world;
  world.config.health.min_healthy_time = std::chrono::seconds(5);
  for (const std::int64_t step : {+1'000'000, -1'000'000}) {
    world.clock.At(world.clock.SinceBoot() + std::chrono::seconds(1),
                   [&, step] { world.clock.wall_seconds += step; });
    const Nanoseconds start = world.clock.SinceBoot();
    CHECK(world.Deploy(step > 0 ? "2" : "3").exit == Exit::kDone);
    CHECK(world.clock.SinceBoot() - start >= std::chrono::seconds(5));
  }
}

TEST_CASE("a post_activate hook that fails is undone") {
  One world;
  world.runner.On("post", Exited(1));
  world.CheckUndone(world.Deploy("2"), ErrorCode::kHookFailed, Exit::kUndone);
}

TEST_CASE("where the release before is unhealthy too a person is needed") {
  One world;
  world.broken = {"1", "2"};
  const Outcome outcome = world.Deploy("2");
  world.CheckUndone(outcome, ErrorCode::kUndoFailed, Exit::kNeedsPerson);
  CHECK(outcome.result == Result::kInDoubt);
  CHECK(world.runner.Count("reload") == 2);
}

TEST_CASE("a first deploy that fails leaves no current and nothing good") {
  World world;
  world.broken.insert("1");
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.current.empty());
  CHECK(outcome.previous.empty());
  CHECK(!Exists(&world.disk, "current"));
  CHECK(!outcome.warnings.empty());
  CHECK(world.Rollback().exit == Exit::kNoSuchRelease);
  world.broken.clear();
  CHECK(world.Deploy("2").exit == Exit::kDone);
}

TEST_CASE("a signal in any phase means undo, then exit") {
  struct Row {
    std::string when;
    Exit exit;
  };
  for (const Row& row :
       {Row{"unpack", Exit::kFailed}, Row{"publish", Exit::kFailed},
        Row{"pre_activate", Exit::kFailed}, Row{"switch", Exit::kUndone},
        Row{"reload", Exit::kUndone}, Row{"health", Exit::kUndone},
        Row{"post_activate", Exit::kUndone}}) {
    CAPTURE(row.when);
    One world;
    world.context.report = [&](const ProgressEvent& event) {
      if (event.text == row.when &&
          event.kind == ProgressEvent::Kind::kStepBegun) {
        SetInterruptSignal(SIGTERM);
      }
    };
    world.CheckUndone(world.Deploy("2"), ErrorCode::kInterrupted, row.exit);
    CHECK(InterruptSignal() == SIGTERM);
  }
}

TEST_CASE("a signal that comes after the commit changes nothing") {
  One world;
  world.config.keep_releases = 0;
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  world.context.report = [&](const ProgressEvent& event) {
    if (event.text.starts_with("removing")) SetInterruptSignal(SIGTERM);
  };
  const Outcome outcome = world.Deploy("3");
  CHECK(InterruptSignal() == SIGTERM);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "3");
  CHECK(!Exists(&world.disk, "releases/1"));
}

TEST_CASE("abort ends a wait at once, not at the end of its step") {
  One world;
  world.config.health.deadline = std::chrono::hours(1);
  world.broken.insert("2");
  const Nanoseconds start = world.clock.SinceBoot();
  world.clock.At(start + std::chrono::seconds(3),
                 [&] { Abort(&world.context); });
  world.CheckUndone(world.Deploy("2"), ErrorCode::kAborted, Exit::kUndone);
  CHECK(world.clock.SinceBoot() - start < std::chrono::seconds(5));
  CHECK(!Exists(&world.disk, AbortPath(2)));
}

TEST_CASE("a confirmed release stays") {
  One world;
  const Nanoseconds start = world.clock.SinceBoot();
  world.clock.At(start + std::chrono::seconds(20),
                 [&] { Confirm(&world.disk); });
  const Outcome outcome = Deploy(&world.context, world.RequestFor("2"),
                                 {.confirm_within = std::chrono::seconds(60)});
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "2");
  CHECK(world.clock.SinceBoot() - start < std::chrono::seconds(21));
  CHECK(!Exists(&world.disk, ConfirmPath(2)));
}

TEST_CASE("a release that is not confirmed in time is undone") {
  One world;
  const Nanoseconds start = world.clock.SinceBoot();
  world.CheckUndone(Deploy(&world.context, world.RequestFor("2"),
                           {.confirm_within = std::chrono::seconds(60)}),
                    ErrorCode::kNotConfirmed, Exit::kUndone);
  CHECK(world.clock.SinceBoot() - start >= std::chrono::seconds(60));
}

TEST_CASE("abort and a signal end the wait for confirmation") {
  for (const bool by_signal : {true, false}) {
    One world;
    world.clock.At(world.clock.SinceBoot() + std::chrono::seconds(5), [&] {
      if (by_signal) SetInterruptSignal(SIGINT);
      if (!by_signal) Abort(&world.context);
    });
    const Outcome outcome =
        Deploy(&world.context, world.RequestFor("2"),
               {.confirm_within = std::chrono::seconds(600)});
    world.CheckUndone(outcome,
                      by_signal ? ErrorCode::kInterrupted : ErrorCode::kAborted,
                      Exit::kUndone);
  }
}

TEST_CASE("a link moved by hand before the switch stays there") {
  One world;
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  world.runner.On("pre", [&](const Command&) {
    PutLink(&world.disk, "current", "releases/1");
    return Exited(0);
  });
  const Outcome outcome = world.Deploy("3");
  CHECK(outcome.error->code == ErrorCode::kLinkMoved);
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.current == "1");
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("a link moved by hand during the proof is a failure") {
  One world;
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  world.runner.On("post", [&](const Command&) {
    PutLink(&world.disk, "current", "releases/1");
    return Exited(0);
  });
  const Outcome outcome = world.Deploy("3");
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.error->code == ErrorCode::kLinkMoved);
  CHECK(outcome.current == "1");
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("an undo restores another tool's link exactly") {
  for (const char* target : {"/srv/shop/releases/1", "releases/1/"}) {
    One world;
    PutLink(&world.disk, "current", target);
    world.broken = {"2"};
    world.Deploy("2");
    CHECK(world.Current() == target);
  }
}

TEST_CASE("a deploy is refused if current is not a link") {
  One world;
  world.disk.RemoveFile(Fs::kRoot, "current");
  world.disk.MakeDirectory(Fs::kRoot, "current", 0755);
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kUsage);
  CHECK(outcome.error->code == ErrorCode::kCurrentNotALink);
  CHECK(world.disk.Stat(Fs::kRoot, "current")->type == FileType::kDirectory);
  CHECK(ReadRecord(&world.disk, 2).end);
  CHECK(Stage(&world.context, world.RequestFor("2")).exit == Exit::kDone);
  CHECK(world.RecoverNow().result == Result::kNothing);
}

// A world with 1 and 2 deployed, in which a person has put a directory in the
// place of the link.
struct NoLink : One {
  NoLink() {
    Deploy("2");
    disk.RemoveFile(Fs::kRoot, "current");
    disk.MakeDirectory(Fs::kRoot, "current", 0755);
    PutFile(&disk, "current/precious", "x");
    Settle();
  }
  bool IsBack() {
    const auto info = disk.Stat(Fs::kRoot, "current");
    return info && info->type == FileType::kDirectory;
  }
};

TEST_CASE("a rollback sets aside a current that is not a link") {
  NoLink world;
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.Current() == "releases/2");
  CHECK(Exists(&world.disk, "current-before-000003/precious"));
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0].find("current-before-000003") != std::string::npos);
  // Recovery must not remove it as garbage.
  world.RecoverNow();
  CHECK(Exists(&world.disk, "current-before-000003/precious"));
  CHECK(ReadDeploymentState(&world.disk).problems.empty());
}

TEST_CASE("a failed rollback gives back what it set aside") {
  NoLink world;
  world.broken = {"2"};
  CHECK(world.Rollback().exit == Exit::kUndone);
  CHECK(world.IsBack());
  CHECK(!Exists(&world.disk, "current-before-000003"));
}

TEST_CASE("a rollback from a directory that dies anywhere is settled") {
  bool ran_through = false;
  unsigned back = 0;
  for (std::uint64_t n = 1; !ran_through; ++n) {
    CAPTURE(n);
    NoLink world;
    FaultFs fs(&world.disk);
    world.context.fs = &fs;
    fs.FailFrom(n, EIO);
    try {
      world.Rollback();
    } catch (const Error&) {
    }
    ran_through = !fs.failed();
    world.context.fs = &world.disk;
    CHECK((world.IsBack() || world.Current() == "releases/2"));
    CHECK(world.RecoverNow().exit == Exit::kDone);
    const bool aside = Exists(&world.disk, "current-before-000003/precious");
    CHECK(world.IsBack() != aside);
    if (world.IsBack()) {
      ++back;
      CHECK(!Exists(&world.disk, "current-before-000003"));
    } else {
      CHECK(world.Current() == "releases/2");
    }
    CHECK(world.Rollback().exit != Exit::kNeedsPerson);
  }
  CHECK(back > 20);
}

TEST_CASE("a deploy works if current dangles") {
  One world;
  PutLink(&world.disk, "current", "releases/gone");
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.Current() == "releases/2");
}

TEST_CASE("a commit that is not durable is undone, also after a power cut") {
  One start;
  FaultFs counting(&start.disk);
  start.context.fs = &counting;
  // The commit's sync is the last one of the record before retention.
  REQUIRE(start.Deploy("2").exit == Exit::kDone);
  std::uint64_t failed = 0;
  for (std::uint64_t n = 1; n <= counting.calls(FsCall::kSync); ++n) {
    CAPTURE(n);
    One world;
    world.Settle();
    FaultFs fs(&world.disk);
    world.context.fs = &fs;
    fs.FailAt(n, EIO, FsCall::kSync);
    std::optional<Outcome> outcome;
    try {
      outcome = world.Deploy("2");
    } catch (const Error&) {
    }
    if (outcome && outcome->exit == Exit::kDone) continue;
    ++failed;
    CHECK(world.Current() == "releases/1");
    CHECK(world.service == "releases/1");
    world.disk.ForEachPowerCut([&](MemFs left) {
      World after(world, std::move(left));
      after.service = after.Current();
      CHECK(after.RecoverNow().exit == Exit::kDone);
      CHECK(after.Current() == "releases/1");
      CHECK(after.service == "releases/1");
    });
  }
  CHECK(failed >= 5);
}

}  // namespace
TEST_CASE("a probe that nobody can ask fails before the switch") {
  One world;
  world.runner.missing = {"probe"};
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kFailed);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == ErrorCode::kProgramMissing);
  CHECK(world.Current() == "releases/1");
  CHECK(world.Ran().empty());
  // A rollback must work all the same.
  world.runner.missing.clear();
  DeployAll(&world, {"2"});
  world.runner.missing = {"probe"};
  CHECK(world.Rollback().exit == Exit::kDone);
}

TEST_CASE("that nobody can see the release in use is said once") {
  World world;
  world.config.service.running_check = RunningCheck::kAuto;
  const auto warned = [&](const std::string& version) {
    const Outcome outcome = world.Deploy(version);
    REQUIRE(outcome.exit == Exit::kDone);
    for (const std::string& warning : outcome.warnings) {
      if (warning.find("cannot be seen") != warning.npos) return true;
    }
    return false;
  };
  CHECK(warned("1"));
  CHECK_FALSE(warned("2"));
}

}  // namespace release
