#include "watch/look.h"

#include <doctest/doctest.h>

#include "support/watch_world.h"

namespace release {
namespace {

using namespace std::chrono_literals;

struct LookWorld : WatchWorld {
  LookWorld() { DeployAll(this, {"1"}); }

  Look Take() {
    const DeploymentState state = ReadDeploymentState(&disk);
    return TakeLook(context, state, *FindWatch(&disk, state));
  }
  // The values of the signals: "unit=ok memory=unknown ...".
  std::string Values() {
    std::string text;
    for (const Signal& each : Take().signals) {
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", each.name,
                          SignalValueName(each.value));
    }
    return text;
  }
};

}  // namespace

TEST_CASE("a look takes in each signal that is configured") {
  LookWorld world;
  CHECK(world.Values() == "unit=ok memory=unknown health=ok errors=ok");
  world.config.watch.command = {"rate"};
  world.runner.oom_kills = 0;
  CHECK(world.Values() == "unit=ok memory=ok health=ok errors=ok command=ok");
  world.config.service.unit.clear();
  CHECK(world.Values() == "health=ok command=ok");
  world.config.health = {};
  CHECK(world.Values() == "command=ok");
}

TEST_CASE("one bad signal makes the look bad, and its text says which") {
  LookWorld world;
  world.broken.insert("1");
  const Look look = world.Take();
  CHECK(look.value() == SignalValue::kBad);
  CHECK(look.Text(SignalValue::kBad) == "health: probe: exit status 1");
}

TEST_CASE("signals that nobody can read never make a look bad") {
  LookWorld world;
  world.config.watch.command = {"rate"};
  world.runner.On("rate", Exited(3));
  world.runner.missing.insert("probe");
  world.runner.On("journalctl", Exited(1));
  world.runner.On("systemctl", Exited(1));
  CHECK(world.Values() ==
        "unit=unknown health=unknown errors=unknown command=unknown");
  CHECK(world.Take().value() == SignalValue::kUnknown);
}

TEST_CASE("the command gets the variables of a hook, and as long as a look") {
  LookWorld world;
  world.config.watch.command = {"rate"};
  world.Take();
  const Command& command = world.runner.commands.back();
  CHECK(command.env.at("RELEASE_VERSION") == "1");
  CHECK(command.env.at("RELEASE_STEP") == "watch");
  CHECK(command.timeout == world.config.watch.every);
}

TEST_CASE("while a unit is changed its other signals are not looked at") {
  LookWorld world;
  world.broken.insert("1");
  world.unit.state.job = "7";
  CHECK(world.Values() == "unit=unknown");
  CHECK(world.Take().value() == SignalValue::kUnknown);
}

TEST_CASE("of a unit that systemd has forgotten the journal knows the end") {
  LookWorld world;
  world.broken.insert("1");
  world.unit.state = {.load = "loaded", .active = "inactive", .sub = "dead"};
  SUBCASE("somebody stopped it") {
    world.runner.On("MESSAGE_ID", Exited(0, "[99999.0] systemd[1]: Stop\n"));
    CHECK(world.Take().news == UnitNews::kTakenInHand);
  }
  SUBCASE("nobody did") {
    world.runner.On("MESSAGE_ID", Exited(0, ""));
    CHECK(world.Take().value() == SignalValue::kBad);
  }
  SUBCASE("the journal cannot be read") {
    world.runner.On("MESSAGE_ID", Exited(1));
    CHECK(world.Take().news == UnitNews::kForgotten);
    CHECK(world.Take().value() == SignalValue::kUnknown);
  }
}

TEST_CASE("a flood of errors is bad, unless there was one before the switch") {
  LookWorld world;
  std::string flood;
  for (int i = 0; i < 12; ++i) flood += "[ 1005.000000] shop[7]: Boom\n";
  world.runner.On("--priority=err", Exited(0, flood));
  world.clock.Advance(10s);
  CHECK(world.Take().Text(SignalValue::kBad) ==
        "errors: more than 10 in the last minute");
  world.config.watch.error_lines = 12;
  CHECK(world.Take().value() == SignalValue::kOk);
  // The errors of the earlier release raise the limit of the next one.
  world.config.watch.error_lines = 10;
  DeployAll(&world, {"2"});
  CHECK(world.Note()->baseline.errors == 12);
  CHECK(world.Take().value() == SignalValue::kOk);
}

}  // namespace release
