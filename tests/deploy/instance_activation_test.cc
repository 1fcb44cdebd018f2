#include "deploy/instance_activation.h"

#include <doctest/doctest.h>

#include "support/instance_world.h"

namespace release {
namespace {

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("an instance is started and proved before the switch") {
  InstanceWorld world;
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.StepNames() ==
        Names{"unpack", "publish", "start", "health", "switch", "live"});
  CHECK(world.instances.Running() == "1");
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/1/instance") == "/run/shop/1");
}

TEST_CASE("the earlier instance runs until the drain unit stops it") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  CHECK(world.instances.Running() == "1 2");
  CHECK(world.Current() == "releases/2");
  // Before each start; again once the outcome has been reported.
  CHECK(world.runner.Count("start --no-block -- release-drain@shop") == 2);
  CHECK(world.context.leaves_idle);
}

TEST_CASE("a release that fails before the switch is never live") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  const int pid = world.instances.running.begin()->second;
  const auto check_unchanged = [&](ErrorCode code) {
    const Outcome outcome = world.Deploy("2");
    CHECK(outcome.exit == Exit::kFailed);
    CHECK(outcome.result == Result::kFailed);
    CHECK(outcome.error->code == code);
    CHECK(outcome.current == "1");
    CHECK_FALSE(world.Last().switching);
    CHECK(world.instances.Running() == "1");
    CHECK(world.instances.running.begin()->second == pid);
    CHECK(world.StateOf("2") == ReleaseState::kFailed);
    CHECK(world.disk.Stat(Fs::kRoot, "releases/2"));
  };
  SUBCASE("it answers badly") {
    world.instances.broken = {"2"};
    check_unchanged(ErrorCode::kHealthDeadline);
  }
  SUBCASE("its unit does not start") {
    world.instances.dead = {"2"};
    check_unchanged(ErrorCode::kReloadFailed);
  }
  SUBCASE("it does not open its socket") {
    world.instances.deaf = {"2"};
    check_unchanged(ErrorCode::kHealthDeadline);
  }
  SUBCASE("another process listens on its socket") {
    world.instances.foreign["2"] = 77;
    check_unchanged(ErrorCode::kPeerDiffers);
  }
}

TEST_CASE("a listener that cannot be seen is a warning, or refused") {
  InstanceWorld world;
  world.instances.foreign["1"] = 1;
  SUBCASE("auto") {
    const Outcome outcome = world.Deploy("1");
    CHECK(outcome.exit == Exit::kDone);
    REQUIRE(outcome.warnings.size() == 1);
    CHECK(outcome.warnings[0].find("systemd listens on it") !=
          std::string::npos);
  }
  SUBCASE("require") {
    world.config.instances.peer_check = PeerCheck::kRequire;
    const Outcome outcome = world.Deploy("1");
    CHECK(outcome.exit == Exit::kFailed);
    CHECK(outcome.error->code == ErrorCode::kPeerUnknown);
  }
}

TEST_CASE("a rollback uses an instance that still runs") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  const int pid = world.instances.running.at("shop@1.service");
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.instances.running.at("shop@1.service") == pid);
  CHECK(world.StepNames() == Names{"health", "switch", "live"});
}

TEST_CASE("a rollback to a warm instance asks systemd once and probes once") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  const std::size_t commands = world.runner.commands.size();
  const std::size_t requests = world.http.requests.size();
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(world.runner.commands.size() == commands + 1);
  CHECK(world.http.requests.size() == requests + 1);
}

TEST_CASE("a warm instance that is found wanting is not switched to") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  const auto check_unchanged = [&](ErrorCode code) {
    const Outcome outcome = world.Rollback();
    CHECK(outcome.exit == Exit::kFailed);
    CHECK(outcome.error->code == code);
    CHECK(world.Current() == "releases/2");
    CHECK(world.instances.Running() == "1 2");
  };
  SUBCASE("it answers badly") {
    world.instances.broken = {"1"};
    check_unchanged(ErrorCode::kHealthDeadline);
  }
  SUBCASE("it no longer listens") {
    world.instances.deaf = {"1"};
    check_unchanged(ErrorCode::kHealthDeadline);
  }
  SUBCASE("another process listens on its socket") {
    world.instances.foreign["1"] = 77;
    check_unchanged(ErrorCode::kPeerDiffers);
  }
}

TEST_CASE("a warm instance that `current` does not lead to is undone") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  const auto peer_of = world.runner.peer_of;
  world.runner.peer_of = [&](const std::string& socket) {
    // Something else is in the way as soon as `current` leads to it.
    const bool own = socket != LiveSocket(world.config);
    return peer_of(own || world.Current() != "releases/1"
                       ? socket
                       : "/run/shop/2/http.sock");
  };
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.error->code == ErrorCode::kPeerDiffers);
  CHECK(world.Current() == "releases/2");
  CHECK(world.instances.Runs("2"));
}

TEST_CASE("a rollback starts an instance that does not run") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  world.instances.running.erase("shop@1.service");
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.StepNames() == Names{"start", "health", "switch", "live"});
}

TEST_CASE("a rollback to a release that does not answer changes nothing") {
  InstanceWorld world;
  DeployAll(&world, {"1", "2"});
  world.instances.running.erase("shop@1.service");
  world.instances.broken = {"1"};
  const Outcome outcome = world.Rollback();
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.error->code == ErrorCode::kHealthDeadline);
  CHECK(world.Current() == "releases/2");
  CHECK(world.instances.Running() == "2");
  CHECK(world.StateOf("1") == ReleaseState::kGood);

  const Outcome unchecked =
      Rollback(&world.context, std::nullopt, "", RollbackProof::kUnchecked);
  CHECK(unchecked.exit == Exit::kDone);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("a deploy of the live version starts an instance that does not run") {
  InstanceWorld world;
  DeployAll(&world, {"1"});
  CHECK(world.Deploy("1").result == Result::kUnchanged);
  world.instances.running.clear();
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.result == Result::kUnchanged);
  CHECK(world.instances.Running() == "1");

  world.instances.running.clear();
  world.instances.broken = {"1"};
  const Outcome failed = world.Deploy("1");
  CHECK(failed.exit == Exit::kFailed);
  CHECK(world.instances.Running().empty());
  CHECK(world.StateOf("1") == ReleaseState::kGood);
}

TEST_CASE("the first commit retires the unit that instances replace") {
  InstanceWorld world;
  world.config.instances.replaces = "shop.service";
  world.instances.running["shop.service"] = 5;
  world.instances.enabled = {"shop.service"};
  world.instances.broken = {"1"};
  CHECK(world.Deploy("1").exit == Exit::kFailed);
  CHECK(world.instances.running.contains("shop.service"));
  world.instances.broken.clear();
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kDone);
  CHECK_FALSE(world.instances.running.contains("shop.service"));
  CHECK(world.instances.enabled.empty());
}

TEST_CASE("an archive must not have an entry with the name of the link") {
  InstanceWorld world;
  world.config.instances.link = "run";
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kRefused);
  CHECK(outcome.error->code == ErrorCode::kUnsafeEntry);
}

TEST_CASE("a version whose socket has too long a path is refused") {
  InstanceWorld world;
  world.config.instances.directory =
      "/run/" + std::string(90, 'x') + "/{version}";
  const Outcome outcome = world.Deploy("1.4.2-rc1");
  CHECK(outcome.exit == Exit::kUsage);
  CHECK(outcome.error->code == ErrorCode::kVersionTooLong);
}

TEST_CASE(
    "a release is tried beside the live one before its service restarts") {
  InstanceWorld world;
  world.config.instances = {};
  world.config.service.unit = "shop.service";
  world.config.health.url.clear();
  world.config.trial = {.unit = "shop-trial@.service",
                        .url = "http://127.0.0.1:1/up"};
  world.http.answer = [](const HttpRequest&) {
    return HttpResponse{500, "", ""};
  };
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.current.empty());
  CHECK(world.runner.Count("start -- shop-trial@1.service") == 1);
  CHECK(world.runner.Count("stop -- shop-trial@1.service") == 1);
  CHECK(world.runner.Count("-- shop.service") <= 2);
  world.http.answer = [](const HttpRequest&) {
    return HttpResponse{200, "", ""};
  };
  const Outcome good = world.Deploy("2");
  CHECK((good.error ? good.error->message : "") == "");
  CHECK(world.StepNames() == Names{"unpack", "publish", "start", "trial",
                                   "stop", "switch", "reload", "health"});
}

}  // namespace release
