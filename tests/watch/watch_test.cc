#include "watch/watch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>

#include "store/layout.h"
#include "store/lock.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/watch_world.h"

namespace release {
namespace {

using namespace std::chrono_literals;

// A world in which 1 and then 2 went live; 2 is watched.
struct WatchedTwo : WatchWorld {
  WatchedTwo() { DeployAll(this, {"1", "2"}); }

  void At(Nanoseconds after, std::function<void()> what) {
    clock.At(clock.SinceBoot() + after, std::move(what));
  }
  // The commands of all records that ended well, or else their codes.
  std::string History() {
    std::string text;
    for (const std::uint64_t number : ListRecords(&disk)) {
      const TransactionRecord record = ReadRecord(&disk, number);
      text += (text.empty() ? "" : " ") +
              (record.end->committed
                   ? std::string(CommandName(record.begin->command))
                   : record.end->code);
    }
    return text;
  }
};

}  // namespace

TEST_CASE("a good release is looked at as often as configured, then no more") {
  WatchedTwo world;
  const Nanoseconds start = world.clock.SinceBoot();
  const WatchEnd end = world.Watch();
  CHECK(end.exit == Exit::kDone);
  CHECK(end.note->state == WatchState::kPassed);
  CHECK(world.looks.size() == 40);
  CHECK(world.clock.SinceBoot() - start == 10min);
  CHECK(world.Last().notes.back() == "watch: passed: 40 looks");
  CHECK(world.Current() == "releases/2");
  // Another run has nothing to do.
  CHECK(world.Watch().note->state == WatchState::kPassed);
  CHECK(world.looks.size() == 40);
}

TEST_CASE("a release that turns bad is rolled back once, with the reason") {
  WatchedTwo world;
  world.At(40s, [&] { world.broken.insert("2"); });
  const Nanoseconds start = world.clock.SinceBoot();
  const WatchEnd end = world.Watch();
  CHECK(end.exit == Exit::kFoundWrong);
  REQUIRE(end.rollback);
  CHECK(end.rollback->exit == Exit::kDone);
  CHECK(world.Current() == "releases/1");
  CHECK(world.service == "releases/1");
  CHECK(world.clock.SinceBoot() - start <= 40s + 3 * 15s + 5s);
  CHECK(world.Last().begin->reason ==
        "the watch found it bad: health: probe: exit status 1");
  // A rollback starts no watch.
  CHECK_FALSE(world.Note());
  CHECK_FALSE(world.Watch().note);
  CHECK(world.History() == "deploy deploy rollback");
}

TEST_CASE("a watch that only reports changes nothing and reports once") {
  WatchedTwo world;
  world.config.watch.act = WatchAct::kNotify;
  world.broken.insert("2");
  CHECK(world.Watch().exit == Exit::kFoundWrong);
  CHECK(world.Current() == "releases/2");
  CHECK(world.Note()->state == WatchState::kBad);
  CHECK(world.History() == "deploy deploy watch-found-bad");
  CHECK(world.Last().end->message ==
        "cannot call 2 good: 3 looks in a row were bad: health: probe: exit "
        "status 1; `release rollback` goes back to 1");
  CHECK(ReadDeploymentState(&world.disk)
            .ledger.Find(*Version::Parse("2"))
            ->state == ReleaseState::kGood);
  world.Watch();
  CHECK(world.History() == "deploy deploy watch-found-bad");
}

TEST_CASE("bad looks count only in a row") {
  WatchedTwo world;
  for (int i = 0; i < 12; ++i) {
    world.At(50s * i + 10s, [&] { world.broken.insert("2"); });
    world.At(50s * i + 40s, [&] { world.broken.clear(); });
  }
  CHECK(world.Watch().note->state == WatchState::kPassed);
  CHECK(std::count(world.looks.begin(), world.looks.end(), SignalValue::kBad) ==
        24);
}

TEST_CASE("an unknown look between two bad ones ends the row") {
  WatchedTwo world;
  world.config.health = {};
  world.config.service = {};
  world.config.watch.command = {"rate"};
  int asked = 0;
  world.runner.On(
      "rate", [&](const Command&) { return Exited(++asked % 3 == 0 ? 7 : 1); });
  CHECK(world.Watch().note->state == WatchState::kPassed);
  CHECK(asked == 40);
}

TEST_CASE("what a person does to the service ends the watch") {
  WatchedTwo world;
  SUBCASE("stop") {
    world.At(20s, [&] {
      world.unit.Stop();
      world.broken.insert("2");
    });
  }
  SUBCASE("restart") {
    world.At(20s, [&] { world.StartByHand(); });
  }
  SUBCASE("restart after a crash") {
    world.At(20s, [&] { world.unit.Crash(); });
    world.At(40s, [&] { world.StartByHand(); });
  }
  SUBCASE("release watch --stop") {
    world.At(20s, [&] {
      world.broken.insert("2");
      WriteWatchStop(&world.disk, {.transaction = 2, .by = "alice"});
    });
  }
  const WatchEnd end = world.Watch();
  CHECK(end.exit == Exit::kDone);
  CHECK(end.note->state == WatchState::kEnded);
  CHECK(world.Current() == "releases/2");
  CHECK(world.History() == "deploy deploy");
  CHECK(world.clock.SinceBoot() < 1000s + 10min);
}

TEST_CASE("services that stop in a shutdown do not end the watch") {
  WatchedTwo world;
  world.At(20s, [&] {
    world.unit.Stop();
    world.unit.system = "stopping";
  });
  world.At(100s, [&] {
    world.unit.system = "running";
    world.Boot();
  });
  CHECK(world.Watch().note->state == WatchState::kPassed);
}

TEST_CASE("crashes that systemd mends are bad") {
  WatchedTwo world;
  world.At(40s, [&] { world.unit.Crash(); });
  CHECK(world.Watch().exit == Exit::kFoundWrong);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("a kill for lack of memory is bad") {
  WatchedTwo world;
  world.At(40s, [&] { world.runner.oom_kills = 1; });
  CHECK(world.Watch().exit == Exit::kFoundWrong);
  CHECK(world.texts.back() ==
        "memory: the kernel has killed a process for lack of it");
}

TEST_CASE(
    "another transaction is waited for, and a later release not touched") {
  WatchedTwo world;
  world.broken.insert("2");
  // It commits between the look that is bad enough and the rollback.
  world.At(45s, [&] { DeployAll(&world, {"3"}); });
  world.config.watch.bad = 2;
  world.config.watch.every = 30s;
  const Nanoseconds start = world.clock.SinceBoot();
  world.At(60s, [&] { DeployAll(&world, {"4"}); });
  const WatchEnd end = world.Watch();
  CHECK(end.note->version.name() == "4");
  CHECK(end.note->state == WatchState::kPassed);
  CHECK(world.Current() == "releases/4");
  CHECK(world.History() == "deploy deploy deploy deploy");
  CHECK(world.clock.SinceBoot() > start);
}

TEST_CASE("a link that somebody moved is left alone") {
  WatchedTwo world;
  world.broken.insert("2");
  world.At(40s, [&] { PutLink(&world.disk, kCurrent, "releases/1"); });
  CHECK_FALSE(world.Watch().note);
  CHECK(world.Current() == "releases/1");
  CHECK(world.History() == "deploy deploy");
}

TEST_CASE("an irreversible release is reported, not rolled back") {
  WatchWorld world;
  DeployAll(&world, {"1"});
  Deploy(&world.context, world.RequestFor("2"), {.irreversible = true});
  world.broken.insert("2");
  CHECK(world.Watch().exit == Exit::kFoundWrong);
  CHECK(world.Current() == "releases/2");
  CHECK(world.Last().end->message.find("irreversible") != std::string::npos);
}

TEST_CASE("a first release is reported, for there is none to go back to") {
  WatchWorld world;
  DeployAll(&world, {"1"});
  world.broken.insert("1");
  CHECK(world.Watch().exit == Exit::kFoundWrong);
  CHECK(world.Last().end->message.find("no release to go back to") !=
        std::string::npos);
}

TEST_CASE("if the release before is bad too, nothing changes and none flaps") {
  WatchedTwo world;
  world.broken = {"1", "2"};
  const WatchEnd end = world.Watch();
  CHECK(world.Current() == "releases/2");
  REQUIRE(end.rollback);
  CHECK(end.rollback->exit != Exit::kDone);
  CHECK(end.note->state == WatchState::kBad);
  const std::string history = world.History();
  world.Watch();
  CHECK(world.History() == history);
}

TEST_CASE("a watch that was killed goes on with the looks that are left") {
  WatchedTwo world;
  world.At(100s, [&] { world.disk.CrashAfter(0); });
  CHECK_THROWS_AS(world.Watch(), CrashNow);
  world.disk.CrashAfter(1'000'000);
  const std::size_t before = world.looks.size();
  CHECK(before >= 5);
  CHECK(world.Watch().note->state == WatchState::kPassed);
  // A look whose count was not written is made again.
  CHECK(world.looks.size() <= 41);
  CHECK(world.looks.size() >= 40);
}

TEST_CASE("after a boot the service is compared with its new run") {
  WatchedTwo world;
  world.At(100s, [&] { world.Boot(); });
  CHECK(world.Watch().note->state == WatchState::kPassed);
  world.looks.clear();
  DeployAll(&world, {"3"});
  world.At(100s, [&] { world.Boot(); });
  world.At(200s, [&] { world.unit.Crash(); });
  CHECK(world.Watch().exit == Exit::kFoundWrong);
  CHECK(world.Current() == "releases/2");
}

TEST_CASE("a deploy that was undone restarts the service without ending it") {
  WatchedTwo world;
  world.config.service.action = ServiceAction::kRestart;
  world.broken.insert("3");
  world.At(40s, [&] { CHECK(world.Deploy("3").exit == Exit::kUndone); });
  const WatchEnd end = world.Watch();
  REQUIRE(end.note);
  CHECK(end.note->state == WatchState::kPassed);
}

TEST_CASE("a wall clock that jumps changes nothing") {
  WatchedTwo world;
  world.At(40s, [&] { world.clock.wall_seconds += 86'400; });
  world.At(90s, [&] { world.clock.wall_seconds -= 2 * 86'400; });
  CHECK(world.Watch().note->state == WatchState::kPassed);
  CHECK(world.looks.size() == 40);
}

TEST_CASE("only one process runs the watch") {
  WatchedTwo world;
  const auto lock = WatchLock::Take(&world.disk);
  CHECK(ErrorOf([&] { world.Watch(); }).code() == ErrorCode::kBusy);
}

TEST_CASE("a full disk does not make the watch forget its looks") {
  WatchedTwo world;
  FaultFs fs(&world.disk);
  world.context.fs = &fs;
  world.broken.insert("2");
  world.At(20s, [&] { fs.FailFrom(1, ENOSPC, FsCall::kWrite); });
  world.At(40s, [&] { fs.FailAt(1'000'000, ENOSPC); });
  const Nanoseconds start = world.clock.SinceBoot();
  CHECK(world.Watch().exit == Exit::kFoundWrong);
  CHECK(world.Current() == "releases/1");
  CHECK(world.clock.SinceBoot() - start < 50s);
}

}  // namespace release
