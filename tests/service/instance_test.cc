#include "service/instance.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/instance_world.h"

namespace release {
namespace {

struct OneInstance : InstanceWorld {
  Instance Make(ProofLength length = ProofLength::kWhole) {
    return Instance(config, context.system, version, length);
  }
  Version version = Version::ParseOrThrow("1.0-rc1");
  HookContext hook_context{.app = "shop", .root = "/srv/shop"};
};

}  // namespace

TEST_CASE("an instance has a unit and a socket of its own") {
  OneInstance world;
  const Instance instance = world.Make();
  CHECK(instance.unit() == "shop@1.0\\x2drc1.service");
  CHECK(instance.socket() == "/run/shop/1.0-rc1/http.sock");
}

TEST_CASE("a leftover is stopped before the start") {
  OneInstance world;
  Instance instance = world.Make();
  instance.Start(world.hook_context);
  CHECK(world.runner.Count("stop --") == 0);
  const int pid = world.instances.running.begin()->second;
  instance.Start(world.hook_context);
  CHECK(world.runner.Count("stop --") == 1);
  CHECK(world.instances.running.begin()->second != pid);
}

TEST_CASE("the probe asks the instance's socket, with the marks replaced") {
  OneInstance world;
  world.config.health.url.clear();
  world.config.health.command = {"ask", "{socket}", "{version}", "{dir}"};
  Instance instance = world.Make();
  instance.Start(world.hook_context);
  instance.Prove(world.hook_context);
  CHECK(world.runner.Count("ask /run/shop/1.0-rc1/http.sock 1.0-rc1 "
                           "/srv/shop/releases/1.0-rc1") == 1);
}

TEST_CASE("without a probe the socket must accept connections") {
  OneInstance world;
  world.config.health.url.clear();
  Instance instance = world.Make();
  instance.Start(world.hook_context);
  CHECK(instance.Prove(world.hook_context).listener.empty());
  world.instances.deaf = {"1.0-rc1"};
  const Error error = ErrorOf([&] { instance.Prove(world.hook_context); });
  CHECK(error.code() == ErrorCode::kHealthDeadline);
  CHECK(Says(error, "/run/shop/1.0-rc1/http.sock"));
}

TEST_CASE("a proof of one answer does not wait for min_healthy_time") {
  OneInstance world;
  world.config.health.min_healthy_time = std::chrono::seconds(60);
  Instance instance = world.Make(ProofLength::kFirstAnswer);
  instance.Start(world.hook_context);
  const Nanoseconds before = world.clock.SinceBoot();
  instance.Prove(world.hook_context);
  CHECK(world.clock.SinceBoot() - before < std::chrono::seconds(1));
}

TEST_CASE("the list has the instances of the template, sorted") {
  OneInstance world;
  for (const char* unit : {"shop@2.service", "shop@1.service"}) {
    world.instances.running[unit] = 7;
  }
  const auto listed = ListInstances(world.config, world.context.system);
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].version.name() == "1");
  const UnitState* second = FindRunning(listed, *Version::Parse("2"));
  REQUIRE(second != nullptr);
  CHECK(second->main_pid == 7);
  CHECK(FindRunning(listed, *Version::Parse("3")) == nullptr);
}

TEST_CASE("the front is asked again after one bad answer") {
  OneInstance world;
  world.config.instances.front_url = "http://127.0.0.1/up";
  int asked = 0;
  world.http.answer = [&](const HttpRequest&) {
    return HttpResponse{++asked == 1 ? 502 : 200, "", ""};
  };
  ProbeFront(world.config, world.context.system);
  CHECK(asked == 2);
  world.http.answer = [](const HttpRequest&) {
    return HttpResponse{502, "", ""};
  };
  const Error error =
      ErrorOf([&] { ProbeFront(world.config, world.context.system); });
  CHECK(error.code() == ErrorCode::kFrontFailed);
}

TEST_CASE("a replaced unit that is stopped and disabled is left alone") {
  OneInstance world;
  CHECK_FALSE(RetireReplacedUnit(world.config, world.context.system));
  world.config.instances.replaces = "shop.service";
  CHECK_FALSE(RetireReplacedUnit(world.config, world.context.system));
  world.instances.enabled = {"shop.service"};
  CHECK(RetireReplacedUnit(world.config, world.context.system));
  CHECK(world.instances.enabled.empty());
}

}  // namespace release
