#include "inspect/status.h"

#include <doctest/doctest.h>

#include "store/layout.h"
#include "store/outbox.h"
#include "support/archive_bytes.h"
#include "support/expect_error.h"
#include "support/instance_world.h"
#include "support/root_files.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

struct Two : World {
  Two() {
    REQUIRE(Deploy("1").exit == Exit::kDone);
    REQUIRE(Deploy("2").exit == Exit::kDone);
  }
  StatusReport Read(TreeCheck check = TreeCheck::kShape) {
    const std::string before = disk.Tree();
    StatusReport report = ReadStatus(&context, check);
    CHECK(disk.Tree() == before);
    return report;
  }
  std::string Doubts() {
    std::string all;
    for (const std::string& doubt : Read().state.problems) all += doubt + "\n";
    return all;
  }
};

TEST_CASE("all is well after a deploy, and status changes nothing") {
  Two world;
  const StatusReport report = world.Read(TreeCheck::kBytes);
  CHECK(report.well());
  CHECK(report.state.live == V("2"));
  CHECK(report.rollback_target == V("1"));
  CHECK(report.differences.empty());
  CHECK_FALSE(report.unhealthy());
  CHECK(!report.holder);
  CHECK(!report.interrupted());
  CHECK(report.undelivered == 0);
}

TEST_CASE("without a live release the status is not well") {
  World world;
  CHECK(!ReadStatus(&world.context, TreeCheck::kShape).well());
}

TEST_CASE("an unhealthy service is not well") {
  Two world;
  world.broken.insert("2");
  const StatusReport report = world.Read();
  CHECK(report.unhealthy());
  CHECK(!report.well());
}

TEST_CASE("a restart may report the release that it is of") {
  InstanceWorld world;
  world.config.health.expect_body = "{version}";
  world.instances.built_as = {{"1+r1", "1"}};
  DeployAll(&world, {"1"});
  REQUIRE(Restart(&world.context).current == "1+r1");
  CHECK_FALSE(ReadStatus(&world.context, TreeCheck::kShape).unhealthy());
}

TEST_CASE("a live tree that differs from its manifest is not well") {
  Two world;
  PutFile(&world.disk, "releases/2/bin/app", "version X\n", 0755);
  CHECK(world.Read(TreeCheck::kShape).well());
  CHECK(!world.Read(TreeCheck::kBytes).well());
  PutFile(&world.disk, "releases/2/bin/extra", "");
  CHECK(!world.Read(TreeCheck::kShape).well());
}

TEST_CASE("a live release without its manifest is a problem") {
  Two world;
  world.disk.RemoveFile(Fs::kRoot, ManifestPath(V("2")));
  CHECK(!world.Read().well());
  CHECK(world.Doubts().find("manifests/2") != std::string::npos);
}

TEST_CASE("another release without its manifest is a problem") {
  Two world;
  world.disk.RemoveFile(Fs::kRoot, ManifestPath(V("1")));
  CHECK(!world.Read().well());
  CHECK(world.Doubts().find("manifests/1") != std::string::npos);
}

TEST_CASE("a newest record without a beginning is a problem") {
  for (const char* text : {"", "torn", "rot\nrot\n"}) {
    Two world;
    PutFile(&world.disk, ".release/transactions/000003.log", text);
    CHECK(!world.Read().well());
    CHECK(world.Doubts().find("`release recover`") != std::string::npos);
    world.RecoverNow();
    CHECK(world.Read().well());
  }
}

TEST_CASE("an interrupted transaction is reported with its step") {
  Two world;
  {
    BeginRecord begin;
    begin.command = CommandId::kDeploy;
    begin.from_target = "releases/2";
    Journal journal(&world.disk, 3, Journal::RecordSpace::kNewFile);
    journal.Begin(begin);
    journal.StepBegun("unpack");
  }
  CHECK(world.Read().interrupted());
  CHECK(!world.Read().well());
  CHECK(world.Doubts().find("interrupted in step unpack") != std::string::npos);
}

TEST_CASE("a transaction that runs is in flight, not interrupted") {
  Two world;
  std::optional<StatusReport> seen;
  world.runner.On("probe", [&](const Command&) {
    if (!seen) {
      seen.emplace();
      seen = ReadStatus(&world.context, TreeCheck::kShape);
    }
    return Exited(0);
  });
  CHECK(world.Deploy("3").exit == Exit::kDone);
  REQUIRE(seen);
  CHECK(seen->holder);
  CHECK(seen->holder->caller.user == "alice");
  REQUIRE(seen->state.open);
  CHECK(seen->state.open->current_step == "health");
  CHECK(!seen->interrupted());
}

TEST_CASE("a transaction that ended in doubt stays a problem") {
  Two world;
  world.broken = {"2", "3"};
  CHECK(world.Deploy("3").exit == Exit::kNeedsPerson);
  world.broken.clear();
  CHECK(world.Doubts().find("ended in doubt") != std::string::npos);
  CHECK(!world.Read().well());
  CHECK(world.Deploy("4").exit == Exit::kDone);
  CHECK(world.Read().well());
}

TEST_CASE("only a transaction that proves a release ends a doubt") {
  Two world;
  world.broken = {"2", "3"};
  REQUIRE(world.Deploy("3").exit == Exit::kNeedsPerson);
  world.broken.clear();
  const auto in_doubt = [&] {
    return world.Doubts().find("transaction 3 ended in doubt") !=
           std::string::npos;
  };
  CHECK(in_doubt());
  Deploy(&world.context, RequestOfBytes("no archive", "shop-4.tar"));
  CHECK(in_doubt());
  Pin(&world.context, V("1"));
  CHECK(in_doubt());
  CHECK(Activate(&world.context, V("2")).exit == Exit::kDone);
  CHECK(!in_doubt());
}

TEST_CASE("a release that is pruned while status reads is no problem") {
  Two world;
  world.config.keep_releases = 0;
  bool deployed = false;
  world.runner.On("probe", [&](const Command& command) {
    // The deploys' own probes come with another step.
    if (command.env.at("RELEASE_STEP") == "status" && !deployed) {
      deployed = true;
      DeployAll(&world, {"3", "4", "5"});
    }
    return Exited(0);
  });
  const StatusReport report = ReadStatus(&world.context, TreeCheck::kShape);
  CHECK(deployed);
  CHECK(!Exists(&world.disk, "releases/2"));
  CHECK(report.state.problems.empty());
  CHECK(report.well());
  CHECK(report.state.live == V("5"));
}

TEST_CASE("a release that this tool did not put there is a problem") {
  Two world;
  world.disk.MakeDirectory(Fs::kRoot, "releases/hand", 0755);
  PutFile(&world.disk, "releases/note.txt", "");
  CHECK(world.Doubts().find("releases/hand was not put there") !=
        std::string::npos);
  CHECK(world.Doubts().find("releases/note.txt is no release") !=
        std::string::npos);
}

TEST_CASE("each process of another release is reported once") {
  Two world;
  using What = ProcessUse::What;
  world.runner.uses = {
      {7, "app", What::kExecutable, "/srv/shop/releases/1/bin/app"},
      {7, "app", What::kDirectory, "/srv/shop/releases/1"},
      {8, "app", What::kExecutable, "/srv/shop/releases/2/bin/app"},
      {9, "tar", What::kDirectory, "/srv/shop/releases/.partial-000009"}};
  const StatusReport report = world.Read();
  REQUIRE(report.old_processes.size() == 1);
  CHECK(report.old_processes[0].pid == 7);
}

TEST_CASE("notices that were not delivered are counted") {
  Two world;
  PutNotice(&world.disk, 1, {"webhook"}, "{}");
  PutNotice(&world.disk, 2, {"webhook"}, "{}");
  PutFile(&world.disk, ".release/outbox/.tries",
          R"({"000001-webhook.json":{"count":3,"last":9,"reason":"old"},)"
          R"("000002-webhook.json":{"count":1,"last":10,"reason":"new"}})");
  const StatusReport report = ReadStatus(&world.context, TreeCheck::kShape);
  CHECK(report.undelivered == 2);
  CHECK(report.undelivered_reason == "new");
}

TEST_CASE("list has every release, marks and pids, the newest state first") {
  Two world;
  world.broken.insert("3");
  world.Deploy("3");
  world.disk.MakeDirectory(Fs::kRoot, "releases/hand", 0755);
  world.runner.uses = {
      {7, "app", ProcessUse::What::kExecutable, "/srv/shop/releases/2/bin/app"},
      {7, "app", ProcessUse::What::kDirectory, "/srv/shop/releases/2"}};
  const auto listed = ListKnown(&world.context);
  REQUIRE(listed.size() == 4);
  CHECK(listed[0].entry.version == V("3"));
  CHECK(listed[0].entry.state == ReleaseState::kFailed);
  CHECK(!listed[0].entry.reason.empty());
  CHECK(listed[1].entry.version == V("2"));
  CHECK(listed[1].live);
  CHECK(listed[1].pids == std::vector<int>{7});
  CHECK(listed[1].entry.by == "alice");
  CHECK(listed[1].entry.bytes == 10);
  CHECK(listed[2].rollback_target);
  CHECK(listed[3].entry.state == ReleaseState::kUnknown);
}

}  // namespace
TEST_CASE("an init that is killed leaves a root that starts and is completed") {
  const auto calls = [] {
    MemFs disk;
    InitializeLayout(&disk);
    return disk.operations();
  }();
  int half_made = 0;
  const auto check = [&](MemFs disk) {
    World world;
    world.disk = std::move(disk);
    const bool empty = world.disk.List(Fs::kRoot, "").empty();
    if (empty) {
      CHECK_THROWS_AS(world.RecoverNow(), Error);
    } else {
      half_made += IsHalfMade(&world.disk) ? 1 : 0;
      const Outcome recovered = world.RecoverNow();
      CHECK(recovered.exit == Exit::kDone);
      CHECK(recovered.result == Result::kNothing);
      CHECK_FALSE(ReadStatus(&world.context, TreeCheck::kShape).state.live);
    }
    InitializeLayout(&world.disk);
    CHECK(ReadStatus(&world.context, TreeCheck::kShape).state.problems.empty());
    CHECK(world.Deploy("1").exit == Exit::kDone);
  };
  for (std::uint64_t k = 0; k < calls; ++k) {
    CAPTURE(k);
    MemFs disk;
    disk.CrashAfter(k);
    CHECK_THROWS_AS(InitializeLayout(&disk), CrashNow);
    check(disk.Killed());
    disk.ForEachPowerCut(check);
  }
  CHECK(half_made > 5);
}

// It is what an `init` leaves that is killed before it makes the first
// directory, and also what is seen of a root whose file system is not mounted.
TEST_CASE("an empty root is not a root without releases: mount it, or init") {
  World world;
  world.disk = MemFs();
  for (const Error& error : {ErrorOf([&] { world.RecoverNow(); }), ErrorOf([&] {
                               ReadStatus(&world.context, TreeCheck::kShape);
                             }),
                             ErrorOf([&] { world.Deploy("1"); })}) {
    INFO(std::string(error.what()));
    CHECK(error.code() == ErrorCode::kNotInitialized);
    CHECK(Says(error, "the root, which is empty: mount"));
    CHECK(Says(error, "`release init` makes the layout"));
  }
  CHECK(world.disk.List(Fs::kRoot, "").empty());
  InitializeLayout(&world.disk);
  CHECK(world.RecoverNow().exit == Exit::kDone);
}

}  // namespace release
