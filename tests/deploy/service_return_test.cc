#include "deploy/service_return.h"

#include <doctest/doctest.h>

#include <optional>

#include "store/current.h"
#include "support/fake_unit.h"
#include "support/world.h"

namespace release {
namespace {

// A world in which the switch from 1 to 2 has been taken back on disk, while
// the service still runs 2.
struct LinkIsBack : World {
  LinkIsBack() {
    DeployAll(this, {"1", "2"});
    journal.emplace(&disk, 3, Journal::RecordSpace::kNewFile);
    recorder.SetJournal(&*journal);
    SwapCurrent(&disk, "releases/1");
    record.number = 3;
    record.begin = BeginRecord{.command = CommandId::kDeploy,
                               .from_target = "releases/1",
                               .to = Version::ParseOrThrow("2")};
    record.switching = true;
    journal->Begin(*record.begin);
    outcome.previous = "1";
    outcome.error = Failure{.code = ErrorCode::kHealthDeadline};
  }
  std::optional<Failure> Run() {
    const Ledger ledger = ReadDeploymentState(&disk).ledger;
    return ServiceReturn(&recorder, record,
                         ContextOfUndo(config, record, ledger, outcome))
        .Run();
  }

  std::optional<Journal> journal;
  StepRecorder recorder{&context, 3, StepPhase::kUndo};
  TransactionRecord record;
  Outcome outcome;
};

}  // namespace

TEST_CASE("the service goes back to the release before, and is checked") {
  LinkIsBack world;
  CHECK(!world.Run());
  CHECK(world.service == "releases/1");
  CHECK(world.runner.commands.back().env.at("RELEASE_STEP") == "undo");
  REQUIRE(world.recorder.steps.size() == 2);
  CHECK(world.recorder.steps[0].name == "reload");
  CHECK(world.recorder.steps[1].name == "health");
}

TEST_CASE("a release before that is unhealthy too is trouble") {
  LinkIsBack world;
  world.broken = {"1"};
  const auto trouble = world.Run();
  REQUIRE(trouble);
  CHECK(trouble->code == ErrorCode::kHealthDeadline);
}

TEST_CASE("the output of post_rollback is noted; its failure is a warning") {
  LinkIsBack world;
  world.config.hooks.post_rollback = {"tell"};
  world.runner.On("tell", Exited(9, "hello\n"));
  CHECK(!world.Run());
  REQUIRE(world.recorder.warnings.size() == 1);
  CHECK(world.recorder.warnings[0].find("post_rollback") != std::string::npos);
  CHECK(ReadRecord(&world.disk, 3).notes.size() == 1);
}

TEST_CASE("without a release before, only a unit that was stopped stops") {
  LinkIsBack world;
  FakeUnit unit{&world.runner};
  world.config.service.command.clear();
  world.config.service.unit = "shop.service";
  world.record.begin->from_target.reset();
  CHECK(!world.Run());
  CHECK(unit.jobs.empty());
  world.record.service_before = ServiceBefore::kStopped;
  CHECK(!world.Run());
  CHECK(unit.state.active == "inactive");
  CHECK(world.recorder.steps.back().name == "stop");
}

}  // namespace release
