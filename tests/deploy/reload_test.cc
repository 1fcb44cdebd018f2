#include "deploy/reload.h"

#include <doctest/doctest.h>

#include <optional>

#include "support/expect_error.h"
#include "support/world.h"

namespace release {
namespace {

struct Switched : World {
  Switched() {
    DeployAll(this, {"1"});
    journal.emplace(&disk, 2, Journal::RecordSpace::kNewFile);
    recorder.SetJournal(&*journal);
  }
  void Run(const std::string& step) {
    Service running(&config, context.system);
    ReloadAndProve(&recorder, &running,
                   {.version = "1", .root = config.root, .step = step});
  }

  std::optional<Journal> journal;
  StepRecorder recorder{&context, 2};
};

}  // namespace

TEST_CASE("the service is reloaded, and then proved healthy") {
  Switched world;
  world.Run("");
  REQUIRE(world.recorder.steps.size() == 2);
  CHECK(world.recorder.steps[0].name == "reload");
  CHECK(world.recorder.steps[1].name == "health");
  CHECK(world.runner.commands.back().env.at("RELEASE_STEP") == "health");
}

TEST_CASE("each command learns that it runs in an undo") {
  Switched world;
  world.Run("undo");
  CHECK(world.runner.commands.back().env.at("RELEASE_STEP") == "undo");
}

TEST_CASE("a step without a configuration is left out") {
  Switched world;
  world.config.service = {};
  world.config.health = {};
  world.Run("");
  CHECK(world.recorder.steps.empty());
}

TEST_CASE("the service must become healthy") {
  Switched world;
  world.broken = {"1"};
  CHECK(ErrorOf([&] { world.Run(""); }).code() == ErrorCode::kHealthDeadline);
}

}  // namespace release
