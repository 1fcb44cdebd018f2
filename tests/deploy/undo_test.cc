#include "deploy/undo.h"

#include <doctest/doctest.h>

#include <optional>

#include "os/cancellation.h"
#include "store/current.h"
#include "store/durable.h"
#include "store/layout.h"
#include "support/fake_unit.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

using std::chrono::seconds;

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// A world with release 1 live, in which an activation of 2 died in the step
// "health"; if `switched`, after the switch.
struct Died : World {
  explicit Died(bool switched = true) {
    REQUIRE(Deploy("1").exit == Exit::kDone);
    REQUIRE(Stage(&context, RequestFor("2")).exit == Exit::kDone);
    Journal journal(&disk, 3, Journal::RecordSpace::kNewFile);
    BeginRecord begin;
    begin.command = CommandId::kActivate;
    begin.from_target = "releases/1";
    begin.to = V("2");
    journal.Begin(begin);
    if (switched) {
      journal.Switching();
      SwapCurrent(&disk, "releases/2");
      service = "releases/2";
    }
    journal.StepBegun("health");
  }
};

TEST_CASE("a dead process's switch is undone, and the service reloaded") {
  Died world;
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.command == CommandId::kRecover);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.result == Result::kUndone);
  CHECK(outcome.transaction == 3);
  CHECK(outcome.version == V("2"));
  CHECK(outcome.current == "1");
  REQUIRE(outcome.error);
  CHECK(outcome.error->message.find("died in step health") !=
        std::string::npos);
  CHECK(world.Current() == "releases/1");
  CHECK(world.service == "releases/1");
  const TransactionRecord record = ReadRecord(&world.disk, 3);
  REQUIRE(record.end);
  CHECK(record.end->recovered);
  CHECK(record.end->exit == Exit::kUndone);
  CHECK(world.RecoverNow().result == Result::kNothing);
}

TEST_CASE("a transaction that died before the switch needs no reload") {
  Died world(/*switched=*/false);
  const int reloads = world.runner.Count("reload");
  CHECK(world.RecoverNow().exit == Exit::kDone);
  CHECK(world.runner.Count("reload") == reloads);
  CHECK(ReadRecord(&world.disk, 3).end->exit == Exit::kFailed);
}

TEST_CASE("a death does not mark an existing release as failed") {
  Died world;
  world.RecoverNow();
  CHECK(ReadDeploymentState(&world.disk).ledger.Find(V("2"))->state ==
        ReleaseState::kStaged);
}

TEST_CASE("at boot the link goes back and the service is left alone") {
  Died world;
  const int commands = static_cast<int>(world.runner.commands.size());
  CHECK(release::RecoverNow(&world.context, WithService::kNo).exit ==
        Exit::kDone);
  CHECK(world.Current() == "releases/1");
  CHECK(static_cast<int>(world.runner.commands.size()) == commands);
}

TEST_CASE("every changing command first recovers") {
  Died world;
  std::string warnings;
  world.context.report = [&](const ProgressEvent& event) {
    if (event.kind == ProgressEvent::Kind::kWarning)
      warnings += event.text + "\n";
  };
  const Outcome outcome = world.Deploy("3");
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.previous == "1");
  CHECK(outcome.transaction == 4);
  CHECK(warnings.find("settled first") != std::string::npos);
}

TEST_CASE("an unhealthy previous release needs a person") {
  Died world;
  world.broken = {"1", "2"};
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.result == Result::kInDoubt);
  CHECK(outcome.current == "1");
  CHECK(outcome.error->code == ErrorCode::kUndoFailed);
  // The transaction is settled all the same, so recovery does not repeat it.
  CHECK(ReadRecord(&world.disk, 3).end);
  CHECK(world.RecoverNow().exit == Exit::kDone);
}

TEST_CASE("a second signal ends the undo's wait for health, in doubt") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  world.config.health.deadline = seconds(600);
  world.config.health.interval = seconds(1);
  const Nanoseconds start = world.clock.SinceBoot();
  world.broken = {"1", "2"};
  world.clock.At(start + seconds(10), [] { SetInterruptSignal(15); });
  world.clock.At(start + seconds(40),
                 [] { SetInterruptSignal(15, seconds(31)); });
  const Outcome outcome = world.Deploy("2");
  SetInterruptSignal(0);
  CHECK(world.clock.SinceBoot() < start + seconds(45));
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.result == Result::kInDoubt);
  CHECK(outcome.current == "1");
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == ErrorCode::kInDoubt);
  CHECK(outcome.error->message.find("not known whether it is healthy") !=
        std::string::npos);
  CHECK(world.Current() == "releases/1");
  CHECK(world.service == "releases/1");
  CHECK(ReadRecord(&world.disk, 2).end);
}

TEST_CASE("recovery never links to a release that is gone") {
  Died world;
  RemoveTree(&world.disk, Fs::kRoot, "releases/1");
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.error->code == ErrorCode::kInDoubt);
  CHECK(outcome.current == "2");
  CHECK(world.Current() == "releases/2");
}

TEST_CASE("a link that a person moved stays where they put it") {
  Died world;
  REQUIRE(Exists(&world.disk, "releases/2"));
  world.disk.MakeDirectory(Fs::kRoot, "releases/0", 0755);
  PutLink(&world.disk, "current", "releases/0");
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.error->code == ErrorCode::kLinkMoved);
  CHECK(outcome.current == "0");
  CHECK(world.Current() == "releases/0");
  CHECK(world.RecoverNow().exit == Exit::kDone);
}

TEST_CASE("a directory in the link's place stays and blocks nothing") {
  Died world;
  world.disk.RemoveFile(Fs::kRoot, "current");
  world.disk.MakeDirectory(Fs::kRoot, "current", 0755);
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.error->code == ErrorCode::kLinkMoved);
  CHECK(world.RecoverNow().result == Result::kNothing);
}

TEST_CASE(
    "an undo that fails stays open, tells what is live, and is tried again") {
  Died world;
  FaultFs fs(&world.disk);
  world.context.fs = &fs;
  fs.FailAt(1, EIO, FsCall::kRename);
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.error->code == ErrorCode::kUndoFailed);
  CHECK(outcome.current == "2");
  CHECK(world.Current() == "releases/2");
  CHECK(ReadRecord(&world.disk, 3).open());
  CHECK(world.RecoverNow().exit == Exit::kDone);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("a command that cannot recover does nothing else") {
  Died world;
  FaultFs fs(&world.disk);
  world.context.fs = &fs;
  fs.FailAt(1, EIO, FsCall::kRename);
  const Outcome outcome = world.Deploy("3");
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.transaction == 3);
  CHECK(ListRecords(&world.disk).size() == 3);
  CHECK(!Exists(&world.disk, "releases/3"));
}

// Recovers with the n-th call of this kind failing during the undo.
Outcome RecoverWithFault(Died* world, FaultFs* fs, std::uint64_t n,
                         int error_number, FsCall kind) {
  world->context.fs = fs;
  DeploymentState state = ReadDeploymentState(fs);
  fs->FailAt(n, error_number, kind);
  return *Recover(&world->context, &state, WithService::kYes);
}

TEST_CASE("an undo is timed and recorded by its steps") {
  Died world;
  world.config.hooks.post_rollback = {"tell"};
  world.runner.On("tell", Exited(0, "hello\n"));
  const Outcome outcome = world.RecoverNow();
  const TransactionRecord record = ReadRecord(&world.disk, 3);
  std::string names;
  for (const StepRecord& step : record.undo_steps) names += step.name + " ";
  CHECK(names == "switch reload health post_rollback ");
  CHECK(outcome.undo_steps.size() == 4);
  CHECK(record.steps.empty());
  CHECK(record.notes.size() == 1);
}

TEST_CASE("an undo before the switch has no steps") {
  Died world(/*switched=*/false);
  CHECK(world.RecoverNow().undo_steps.empty());
  CHECK(ReadRecord(&world.disk, 3).undo_step.empty());
}

TEST_CASE("no step that cannot be recorded fails the undo") {
  // The lines of three steps; the write after them ends the record.
  constexpr std::uint64_t kLines = 6;
  for (const int error_number : {ENOSPC, EIO}) {
    for (std::uint64_t n = 1; n <= kLines; ++n) {
      CAPTURE(n);
      Died world;
      FaultFs fs(&world.disk);
      const Outcome outcome =
          RecoverWithFault(&world, &fs, n, error_number, FsCall::kWrite);
      CHECK(fs.failed());
      CHECK(outcome.exit == Exit::kUndone);
      CHECK(world.service == "releases/1");
      const TransactionRecord record = ReadRecord(&world.disk, 3);
      CHECK(record.end);
      CHECK(!record.damaged);
      CHECK(outcome.undo_steps.size() == 3);
      CHECK(record.undo_steps.size() == (n - 1) / 2);
    }
    // The end must be recorded: without it the undo is repeated.
    Died world;
    FaultFs fs(&world.disk);
    CHECK(
        RecoverWithFault(&world, &fs, kLines + 1, error_number, FsCall::kWrite)
            .exit == Exit::kNeedsPerson);
    CHECK(ReadRecord(&world.disk, 3).open());
  }
}

TEST_CASE("on a disk that is almost full the end of the record comes first") {
  Died world;
  world.disk.SetSpace({.free_bytes = 4096});
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.result == Result::kUndone);
  CHECK(outcome.undo_steps.size() == 3);
  const TransactionRecord record = ReadRecord(&world.disk, 3);
  CHECK(record.end);
  CHECK(record.undo_steps.empty());
}

TEST_CASE("the step of an undo that died is reported, and undone again") {
  Died world;
  world.runner.On("reload",
                  [&](const Command&) -> CommandResult { throw CrashNow(); });
  CHECK_THROWS_AS(world.RecoverNow(), CrashNow);
  World next(world, world.disk.Killed());
  const DeploymentState state = ReadDeploymentState(&next.disk);
  REQUIRE(state.open);
  CHECK(state.open->StepText() == "reload of the undo");
  CHECK(next.RecoverNow().result == Result::kUndone);
  CHECK(next.Current() == "releases/1");
}

// A world whose service is a unit that has never been started, and whose first
// release is unhealthy.
struct FirstWithUnit : World {
  FirstWithUnit() {
    unit.Stop();
    config.service.command.clear();
    config.service.unit = "shop.service";
    runner.On("probe", Exited(1));
  }
  FakeUnit unit{&runner};
};

TEST_CASE("a failed first deploy stops the unit that it started") {
  FirstWithUnit world;
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.current == "");
  CHECK(world.Current() == "");
  CHECK(world.unit.state.active == "inactive");
  CHECK(world.unit.jobs.front() == "reset-failed");
  CHECK(outcome.warnings.back().ends_with(
      "shop.service is stopped, as it was before"));
}

TEST_CASE("a first deploy that died stops the unit that it started") {
  FirstWithUnit world;
  std::optional<MemFs> dead;
  world.runner.On("probe", [&](const Command&) {
    if (!dead) dead = world.disk.Killed();
    return Exited(1);
  });
  world.Deploy("1");
  World next(world, std::move(*dead));
  FakeUnit unit{&next.runner};
  CHECK(next.RecoverNow().result == Result::kUndone);
  CHECK(unit.jobs == std::vector<std::string>{"stop", "reset-failed"});
  CHECK(next.Current() == "");
}

TEST_CASE("a unit that cannot be stopped needs a person") {
  FirstWithUnit world;
  world.unit.on_job = [&](const std::string& verb) {
    if (verb == "stop") return Exited(1, "no\n");
    world.unit.StartAgain();
    return Exited(0);
  };
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.error->code == ErrorCode::kUndoFailed);
  CHECK(outcome.error->message.find("the service may still run this one") !=
        std::string::npos);
}

TEST_CASE("a unit that ran before the first deploy is left running") {
  FirstWithUnit world;
  world.unit.StartAgain();
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(world.unit.state.active == "active");
  CHECK(outcome.warnings.back().ends_with("the service may still run it"));
}

TEST_CASE("the post_rollback hook runs after an undo and cannot break it") {
  Died world;
  world.config.hooks.post_rollback = {"tell"};
  world.runner.On("tell", Exited(9));
  const Outcome outcome = world.RecoverNow();
  CHECK(outcome.exit == Exit::kDone);
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0].find("the post_rollback hook") !=
        std::string::npos);
  const Command& told = world.runner.commands.back();
  CHECK(told.env.at("RELEASE_VERSION") == "1");
  CHECK(told.env.at("RELEASE_PREVIOUS") == "2");
  CHECK(told.env.at("RELEASE_RESULT") == "undone");
}

TEST_CASE(
    "a rollback that finds an activation dead goes back once, not twice") {
  Died world;
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.result == Result::kUnchanged);
  CHECK(world.Current() == "releases/1");
  CHECK(world.service == "releases/1");
}

TEST_CASE("a rollback finishes a rollback that died") {
  World world;
  for (const char* version : {"1", "2"}) {
    REQUIRE(world.Deploy(version).exit == Exit::kDone);
  }
  {
    Journal journal(&world.disk, 3, Journal::RecordSpace::kNewFile);
    BeginRecord begin;
    begin.command = CommandId::kRollback;
    begin.from_target = "releases/2";
    begin.to = V("1");
    journal.Begin(begin);
    journal.Switching();
    SwapCurrent(&world.disk, "releases/1");
  }
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("a newest record of whole lines, all damaged, is kept aside") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  const std::string path = ".release/transactions/000002.log";
  PutFile(&world.disk, path, "rot\nrot\n");
  CHECK(world.RecoverNow().exit == Exit::kDone);
  CHECK(ReadFile(&world.disk, path + ".damaged") == "rot\nrot\n");
}

TEST_CASE("an empty newest record is removed and its number reused") {
  for (const char* text : {"", "torn begin"}) {
    World world;
    REQUIRE(world.Deploy("1").exit == Exit::kDone);
    PutFile(&world.disk, ".release/transactions/000002.log", text);
    CHECK(world.RecoverNow().exit == Exit::kDone);
    CHECK(ListRecords(&world.disk).size() == 1);
    CHECK(world.Deploy("2").transaction == 2);
  }
}

TEST_CASE("a newest record that lost its beginning is kept aside") {
  Died world;
  const std::string path = ".release/transactions/000003.log";
  std::string text = ReadFile(&world.disk, path);
  text[30] ^= 1;
  PutFile(&world.disk, path, text);
  world.RecoverNow();
  CHECK(ReadFile(&world.disk, path + ".damaged") == text);
  // The record no longer says what the transaction was about. That is reported
  // as a problem.
  CHECK(!ReadDeploymentState(&world.disk).problems.empty());
  CHECK(world.Deploy("3").exit == Exit::kDone);
  CHECK(world.Rollback().exit == Exit::kDone);
}

TEST_CASE("a record torn at any byte is settled by going back") {
  const Died start;
  const MemFs disk = start.disk.Killed();
  const std::string path = ".release/transactions/000003.log";
  MemFs copy = disk;
  const std::string text = ReadFile(&copy, path);
  const std::size_t begin = text.find('\n') + 1;
  for (std::size_t size = begin; size <= text.size(); size += 7) {
    CAPTURE(size);
    World world(start, disk);
    PutFile(&world.disk, path, text.substr(0, size));
    CHECK(world.RecoverNow().exit == Exit::kDone);
    CHECK(world.Current() == "releases/1");
    CHECK(world.service == "releases/1");
    CHECK(ReadRecord(&world.disk, 3).end);
  }
}

}  // namespace
}  // namespace release
