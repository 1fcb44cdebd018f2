#include "deploy/step_recorder.h"

#include <doctest/doctest.h>

#include <csignal>

#include "os/cancellation.h"
#include "store/layout.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

// A world with a transaction whose record has begun.
struct Begun : World {
  Begun() : journal(&disk, 1, Journal::RecordSpace::kNewFile) {
    journal.Begin({.command = CommandId::kDeploy});
    recorder.SetJournal(&journal);
    context.report = [this](const ProgressEvent& event) {
      events += event.text + (event.seconds > 0 ? "!" : "") + "\n";
    };
  }
  ~Begun() { SetInterruptSignal(0); }

  TransactionRecord Record() { return ReadRecord(&disk, 1); }

  Journal journal;
  StepRecorder recorder{&context, 1};
  std::string events;
};

}  // namespace

TEST_CASE("a step is announced, timed and recorded") {
  Begun world;
  world.recorder.Step("unpack",
                      [&] { world.clock.Sleep(std::chrono::seconds(2)); });
  CHECK(world.events == "unpack\nunpack!\n");
  CHECK(world.recorder.current_step() == "unpack");
  REQUIRE(world.Record().steps.size() == 1);
  CHECK(world.Record().steps[0].name == "unpack");
  CHECK(world.Record().steps[0].seconds == doctest::Approx(2));
  CHECK(world.recorder.steps.size() == 1);
}

TEST_CASE("a step that fails is recorded too, and its error passes on") {
  Begun world;
  const Error error = ErrorOf([&] {
    world.recorder.Step("reload", [&] {
      world.clock.Sleep(std::chrono::seconds(3));
      throw Error(ErrorCode::kReloadFailed, "cannot reload");
    });
  });
  CHECK(error.code() == ErrorCode::kReloadFailed);
  REQUIRE(world.Record().steps.size() == 1);
  CHECK(world.Record().steps[0].seconds == doctest::Approx(3));
}

TEST_CASE("no step begins once a stop was requested") {
  Begun world;
  SUBCASE("by a signal") { SetInterruptSignal(SIGTERM); }
  const AbortWatch watch(&world.disk, AbortPath(1), "asked to abort");
  SUBCASE("by an abort") { PutFile(&world.disk, AbortPath(1), ""); }
  bool ran = false;
  CHECK_THROWS_AS(world.recorder.Step("switch", [&] { ran = true; }), Error);
  CHECK(!ran);
  CHECK(world.Record().current_step.empty());
}

TEST_CASE("a hook without a command is not a step; another keeps its output") {
  Begun world;
  world.runner.On("pre", Exited(0, "hello\n"));
  world.recorder.RunHookStep("post_activate", {}, {});
  CHECK(world.recorder.steps.empty());
  world.recorder.RunHookStep("pre_activate", {"pre"}, {});
  REQUIRE(world.Record().steps.size() == 1);
  CHECK(world.Record().steps[0].name == "pre_activate");
  REQUIRE(world.Record().notes.size() == 1);
  CHECK(world.Record().notes[0].find("hello") != std::string::npos);
}

TEST_CASE("the steps of an undo are recorded apart from the others") {
  Begun world;
  StepRecorder undo(&world.context, 1, StepPhase::kUndo);
  undo.SetJournal(&world.journal);
  undo.Step("reload", [&] { world.clock.Sleep(std::chrono::seconds(2)); });
  CHECK(world.Record().steps.empty());
  CHECK(world.Record().current_step.empty());
  CHECK(world.Record().undo_step == "reload");
  REQUIRE(world.Record().undo_steps.size() == 1);
  CHECK(world.Record().undo_steps[0].seconds == doctest::Approx(2));
}

TEST_CASE("a line that cannot be written fails a step, but not of an undo") {
  Begun world;
  FaultFs fs(&world.disk);
  Journal journal(&fs, 2, Journal::RecordSpace::kNewFile);
  fs.FailFrom(1, ENOSPC, FsCall::kWrite);
  StepRecorder forward(&world.context, 2);
  forward.SetJournal(&journal);
  int runs = 0;
  CHECK_THROWS_AS(forward.Step("reload", [&] { ++runs; }), FsError);
  CHECK(runs == 0);
  StepRecorder undo(&world.context, 2, StepPhase::kUndo);
  undo.SetJournal(&journal);
  undo.Step("reload", [&] { ++runs; });
  world.runner.On("tell", Exited(0, "hello\n"));
  undo.RunHookStep("post_rollback", {"tell"}, {});
  CHECK(runs == 1);
  CHECK(undo.steps.size() == 2);
}

TEST_CASE("a step ends on the display even if its record cannot be written") {
  Begun world;
  FaultFs fs(&world.disk);
  Journal journal(&fs, 2, Journal::RecordSpace::kNewFile);
  StepRecorder recorder(&world.context, 2);
  recorder.SetJournal(&journal);
  CHECK_THROWS_AS(recorder.Step("unpack",
                                [&] {
                                  world.clock.Sleep(std::chrono::seconds(2));
                                  fs.FailFrom(1, ENOSPC, FsCall::kWrite);
                                }),
                  FsError);
  CHECK(world.events.starts_with("unpack\nunpack!\n"));
}

TEST_CASE("an undo without a journal still runs and times its steps") {
  Begun world;
  StepRecorder undo(&world.context, 1, StepPhase::kUndo);
  undo.Step("reload", [] {});
  CHECK(undo.steps.size() == 1);
  CHECK(world.Record().undo_step.empty());
}

TEST_CASE("the record and the recorder remember the tree that is made") {
  Begun world;
  CHECK(!world.recorder.tree());
  world.recorder.NoteTree(42);
  CHECK(world.recorder.tree() == 42u);
  CHECK(world.Record().tree == 42u);
}

}  // namespace release
