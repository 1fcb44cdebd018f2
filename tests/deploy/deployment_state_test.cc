#include "deploy/deployment_state.h"

#include <doctest/doctest.h>

#include "store/durable.h"
#include "store/layout.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// A world with releases 1 and 2 deployed in records 1 and 2; 2 is live.
struct Two : World {
  Two() {
    REQUIRE(Deploy("1").exit == Exit::kDone);
    REQUIRE(Deploy("2").exit == Exit::kDone);
  }
  DeploymentState Read() { return ReadDeploymentState(&disk); }
  std::string Doubts() {
    std::string all;
    for (const std::string& doubt : Read().problems) all += doubt + "\n";
    return all;
  }
};

TEST_CASE("the error for a root without a layout says how to make one") {
  MemFs disk;
  const Error error = ErrorOf([&] { ReadDeploymentState(&disk); });
  CHECK(error.code() == ErrorCode::kNotInitialized);
  CHECK(Says(error, "release init"));
  CHECK(ExitBeforeSwitch(error.code()) == Exit::kUsage);
}

TEST_CASE("an empty root has no live release and no problems") {
  World world;
  const DeploymentState state = ReadDeploymentState(&world.disk);
  CHECK(!state.live);
  CHECK(state.CurrentName().empty());
  CHECK(state.newest == 0);
  CHECK(state.problems.empty());
}

TEST_CASE("after a transaction the records are not listed to find the newest") {
  Two world;
  FaultFs fs(&world.disk);
  // Only releases/ is listed.
  CHECK(ReadDeploymentState(&fs).newest == 2);
  CHECK(fs.calls(FsCall::kList) == 1);
  // A rollback lists releases/ twice, and .release/ three times: for its links
  // and for requests to earlier transactions.
  world.context.fs = &fs;
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(fs.calls(FsCall::kList) == 6);
}

TEST_CASE("any change among the records is noticed") {
  const auto read_after = [](auto&& change) {
    Two world;
    change(&world.disk);
    return world.Read();
  };
  CHECK(read_after([](Fs* fs) { PutFile(fs, RecordPath(3), ""); }).unreadable ==
        3);
  CHECK(read_after([](Fs* fs) {
          fs->RemoveFile(Fs::kRoot, RecordPath(2));
        }).newest == 1);
  const DeploymentState aside = read_after([](Fs* fs) {
    fs->Rename(Fs::kRoot, RecordPath(2), Fs::kRoot,
               RecordPath(2) + std::string(kDamagedSuffix),
               RenameMode::kReplace);
  });
  CHECK(aside.newest == 2);
  CHECK(aside.last->number == 1);
  // Tear the newest record in place, which changes no directory entry.
  const DeploymentState torn = read_after([](Fs* fs) {
    const ScopedHandle file(
        fs, fs->Open(Fs::kRoot, RecordPath(2), OpenMode::kAppend));
    fs->Truncate(file.get(), ReadFile(fs, RecordPath(2)).size() - 9);
  });
  CHECK(torn.open->number == 2);
  const DeploymentState noise =
      read_after([](Fs* fs) { AppendToFile(fs, RecordPath(2), "noise\n"); });
  CHECK(noise.problems.size() == 1);
}

TEST_CASE("the link decides what is live, the newest record what is good") {
  Two world;
  const DeploymentState state = world.Read();
  CHECK(state.live == V("2"));
  CHECK(state.CurrentName() == "2");
  CHECK(state.newest == 2);
  CHECK(state.last->number == 2);
  CHECK(!state.open);
  CHECK(state.ledger.RollbackTarget(state.live) == V("1"));
  CHECK(state.problems.empty());
}

TEST_CASE("a link moved by hand decides what is live, and is a problem") {
  Two world;
  PutLink(&world.disk, "current", "releases/1");
  CHECK(world.Read().live == V("1"));
  CHECK(world.Doubts().find("moved by hand") != std::string::npos);
  CHECK(world.Read().ledger.RollbackTarget(V("1")) == V("2"));
}

TEST_CASE("a link that does not name a release here is a problem") {
  for (const char* target :
       {"releases/gone", "/srv/shop/releases/1", "releases/1/", "elsewhere"}) {
    CAPTURE(target);
    Two world;
    PutLink(&world.disk, "current", target);
    CHECK(!world.Read().live);
    CHECK(world.Read().CurrentName() == target);
    CHECK(world.Doubts().find("no release here") != std::string::npos);
  }
}

TEST_CASE("a current that is not a link is a problem") {
  Two world;
  world.disk.RemoveFile(Fs::kRoot, "current");
  world.disk.MakeDirectory(Fs::kRoot, "current", 0755);
  CHECK(!world.Read().current_is_link);
  CHECK(!world.Read().live);
  CHECK(world.Doubts().find("init --adopt") != std::string::npos);
}

TEST_CASE("a current that was removed by hand is a problem") {
  Two world;
  world.disk.RemoveFile(Fs::kRoot, "current");
  CHECK(!world.Read().live);
  CHECK(!world.Doubts().empty());
}

TEST_CASE("a release that is gone from the disk is gone from the ledger") {
  Two world;
  RemoveTree(&world.disk, Fs::kRoot, "releases/1");
  CHECK(world.Read().ledger.Find(V("1")) == nullptr);
  CHECK(!world.Read().ledger.RollbackTarget(V("2")));
}

TEST_CASE("a hand-made release is listed in state unknown") {
  Two world;
  world.disk.MakeDirectory(Fs::kRoot, "releases/hand", 0755);
  REQUIRE(world.Read().ledger.Find(V("hand")) != nullptr);
  CHECK(world.Read().ledger.Find(V("hand"))->state == ReleaseState::kUnknown);
}

TEST_CASE("without its newest record the ledger is older, and says so") {
  Two world;
  world.disk.RemoveFile(Fs::kRoot, RecordPath(2));
  const DeploymentState state = world.Read();
  CHECK(state.live == V("2"));
  CHECK(state.newest == 1);
  CHECK(state.ledger.Find(V("1"))->state == ReleaseState::kGood);
  CHECK(state.ledger.Find(V("2"))->state == ReleaseState::kUnknown);
  CHECK(world.Doubts().find("a record is lost") != std::string::npos);
}

TEST_CASE("without any record a live release is still live") {
  Two world;
  world.disk.RemoveFile(Fs::kRoot, RecordPath(1));
  world.disk.RemoveFile(Fs::kRoot, RecordPath(2));
  CHECK(world.Read().live == V("2"));
  CHECK(!world.Doubts().empty());
}

TEST_CASE("a newest record that began and did not end is open") {
  Two world;
  BeginRecord begin;
  begin.command = CommandId::kDeploy;
  begin.from_target = "releases/2";
  Journal journal(&world.disk, 3, Journal::RecordSpace::kNewFile);
  journal.Begin(begin);
  journal.StepBegun("unpack");
  const DeploymentState state = world.Read();
  REQUIRE(state.open);
  CHECK(state.open->number == 3);
  CHECK(state.open->current_step == "unpack");
  CHECK(state.last->number == 2);
  CHECK(state.newest == 3);
}

TEST_CASE("a newest record without a readable line is not open") {
  for (const char* text : {"", "torn", "0123456789abcdef {}\n"}) {
    Two world;
    PutFile(&world.disk, RecordPath(3), text);
    const DeploymentState state = world.Read();
    CHECK(!state.open);
    CHECK(state.unreadable == 3);
    CHECK(state.last->number == 2);
    CHECK(state.ledger.RollbackTarget(state.live) == V("1"));
  }
}

TEST_CASE("the readable part of a damaged record is used") {
  Two world;
  std::string text = ReadFile(&world.disk, RecordPath(2));
  text[text.find('\n') + 30] ^= 1;
  PutFile(&world.disk, RecordPath(2), text);
  CHECK(world.Read().ledger.RollbackTarget(V("2")) == V("1"));
  CHECK(world.Doubts().find("damaged") != std::string::npos);
}

TEST_CASE("a last record with a damaged end is open and a problem") {
  Two world;
  std::string text = ReadFile(&world.disk, RecordPath(2));
  text[text.size() - 30] ^= 1;
  PutFile(&world.disk, RecordPath(2), text);
  CHECK(world.Read().open);
  CHECK(world.Doubts().find("damaged") != std::string::npos);
  // A record that a crash tore does not count as damaged.
  PutFile(&world.disk, RecordPath(2), text.substr(0, text.size() - 30));
  CHECK(world.Read().open);
  CHECK(world.Doubts().empty());
}

TEST_CASE("a last record whose beginning is damaged still has its ledger") {
  Two world;
  std::string text = ReadFile(&world.disk, RecordPath(2));
  text[30] ^= 1;
  PutFile(&world.disk, RecordPath(2), text);
  const DeploymentState state = world.Read();
  REQUIRE(state.last);
  CHECK(!state.last->begin);
  CHECK(state.ledger.RollbackTarget(V("2")) == V("1"));
  // The next transaction must work in spite of the damage.
  CHECK(world.Deploy("3").exit == Exit::kDone);
}

TEST_CASE("the number of a record that was set aside is not given again") {
  World world;
  world.Deploy("1");
  PutFile(&world.disk, std::string(kTransactions) + "/000002.log.damaged", "x");
  CHECK(ReadDeploymentState(&world.disk).newest == 2);
  CHECK(ReadDeploymentState(&world.disk).last->number == 1);
  CHECK(world.Deploy("2").transaction == 3);
  CHECK(world.Rollback().transaction == 4);
}

TEST_CASE("other files among the records are ignored") {
  Two world;
  for (const char* name : {"0000009.log", "x.log", "000009.log.old"}) {
    PutFile(&world.disk, std::string(kTransactions) + "/" + name, "x");
  }
  CHECK(world.Read().newest == 2);
  CHECK(world.Read().problems.empty());
}

TEST_CASE("the releases in a root without a layout are found") {
  MemFs disk;
  DeploymentState state = ReadForeignStanding(&disk);
  CHECK(!state.current_target);
  CHECK(state.listing.versions.empty());
  disk.MakeDirectory(Fs::kRoot, kReleases, 0755);
  disk.MakeDirectory(Fs::kRoot, "releases/1", 0755);
  disk.MakeSymlink("releases/1", Fs::kRoot, kCurrent);
  state = ReadForeignStanding(&disk);
  CHECK(state.live == V("1"));
  CHECK(state.ledger.Find(V("1"))->state == ReleaseState::kUnknown);
  CHECK(!state.LiveIsRecorded());
  World world;
  world.Deploy("1");
  CHECK(ReadForeignStanding(&world.disk).LiveIsRecorded());
}

}  // namespace
}  // namespace release
