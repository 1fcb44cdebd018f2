#include "deploy/notices.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>

#include "os/cancellation.h"
#include "store/layout.h"
#include "store/lock.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// A world with release 1 live and a webhook that accepts every notice unless it
// is down.
struct Wired : World {
  Wired() {
    REQUIRE(Deploy("1").exit == Exit::kDone);
    Wire();
  }
  Wired(const Wired& before, MemFs left) : World(before, std::move(left)) {
    got = before.got;
    Wire();
  }
  void Wire() {
    config.notify.webhook = "https://chat.example/secret";
    http.answer = [this](const HttpRequest& request) {
      clock.Advance(down ? request.timeout : Nanoseconds(0));
      if (down) return HttpResponse{0, "", "Timeout was reached"};
      got.push_back(json::parse(request.body));
      return HttpResponse{200, "ok", ""};
    };
  }
  // Returns "RESULT TRANSACTION " for each notice that was received.
  std::string Got() const {
    std::string all;
    for (const json& notice : got) {
      all += notice.at("result").get<std::string>() + " " +
             std::to_string(notice.at("transaction").get<int>()) + " ";
    }
    return all;
  }
  std::size_t Waiting() { return ListOutbox(&disk).size(); }

  bool down = false;
  std::vector<json> got;
};

struct Broken : Wired {
  Broken() { broken.insert("2"); }
};

// A transaction that fails, and the result in its notice.
struct BadWay {
  const char* result;
  std::function<Outcome(Wired*)> run;
};

std::vector<BadWay> BadWays() {
  return {BadWay{"undone", [](Wired* world) { return world->Deploy("2"); }},
          BadWay{"refused",
                 [](Wired* world) {
                   ArchiveRequest request = world->RequestFor("3");
                   request.checksum = ExpectedChecksum{{}, "--sha256"};
                   return Deploy(&world->context, std::move(request));
                 }},
          BadWay{"failed",
                 [](Wired* world) {
                   return Activate(&world->context, Version::ParseOrThrow("9"));
                 }},
          BadWay{"failed", [](Wired* world) { return world->Rollback(); }},
          BadWay{"in-doubt",
                 [](Wired* world) {
                   world->broken.insert("1");
                   return world->Deploy("2");
                 }},
          BadWay{"failed", [](Wired* world) {
                   SetInterruptSignal(SIGTERM);
                   Outcome outcome = world->Deploy("3");
                   SetInterruptSignal(0);
                   return outcome;
                 }}};
}

}  // namespace

TEST_CASE("each kind of failure is reported once") {
  for (const BadWay& row : BadWays()) {
    CAPTURE(row.result);
    Broken world;
    const Outcome outcome = row.run(&world);
    CHECK(outcome.exit != Exit::kDone);
    CHECK(outcome.warnings.empty());
    REQUIRE(world.Got() == std::string(row.result) + " 2 ");
    CHECK(world.got[0].at("exit") == static_cast<int>(outcome.exit));
    CHECK(world.got[0].at("code") == CodeName(outcome.error->code));
    CHECK(world.got[0].at("current") == outcome.current);
    CHECK(world.Waiting() == 0);
  }
}

TEST_CASE("a rollback is reported, and a success if configured") {
  Wired world;
  CHECK(world.Deploy("2").exit == Exit::kDone);
  CHECK(world.got.empty());
  CHECK(world.Rollback().exit == Exit::kDone);
  CHECK(world.Got() == "committed 3 ");
  world.config.notify.on_success = true;
  CHECK(world.Deploy("3").exit == Exit::kDone);
  CHECK(world.Got() == "committed 3 committed 4 ");
  CHECK(world.got[1].at("previous") == "1");
  CHECK(world.got[1].at("version") == "3");
  CHECK(world.Waiting() == 0);
}

TEST_CASE("without a receiver no notice is written or sent") {
  Broken world;
  world.config.notify = {};
  CHECK(world.Deploy("2").warnings.empty());
  CHECK(world.got.empty());
  CHECK(world.disk.List(Fs::kRoot, kOutbox).empty());
}

TEST_CASE("a receiver that is down costs seconds and changes no outcome") {
  Broken up;
  const Outcome told = up.Deploy("2");
  Broken world;
  world.down = true;
  const Nanoseconds start = world.clock.SinceBoot();
  const Outcome outcome = world.Deploy("2");
  // The health check's deadline accounts for two seconds.
  CHECK(world.clock.SinceBoot() - start <=
        seconds(2) + kDeliveryTime + seconds(1));
  CHECK(outcome.exit == told.exit);
  CHECK(outcome.result == told.result);
  CHECK(outcome.error->message == told.error->message);
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0] ==
        "the notice to the webhook was not delivered: Timeout was reached; it "
        "waits in the outbox and is tried again");
  CHECK(world.Waiting() == 1);
}

TEST_CASE("waiting notices are delivered once the receiver is back") {
  Broken world;
  world.down = true;
  world.Deploy("2");
  // The second notice must not wait for the first.
  world.Deploy("2");
  CHECK(world.Waiting() == 2);
  world.down = false;
  CHECK(world.Deploy("3").exit == Exit::kDone);
  // The notices are not due yet.
  CHECK(world.got.empty());
  world.clock.wall_seconds += 60;
  CHECK(world.Deploy("4").warnings.empty());
  CHECK(world.Got() == "undone 2 undone 3 ");
  CHECK(world.Waiting() == 0);
  world.clock.wall_seconds += 100'000;
  CHECK(world.Deploy("5").exit == Exit::kDone);
  CHECK(DeliverWaiting(&world.context, NoticeSelection::kAll).empty());
  CHECK(world.got.size() == 2);
}

TEST_CASE("channels deliver independently, each once") {
  Broken world;
  world.config.notify.command = {"page-me"};
  world.down = true;
  CHECK(world.Deploy("2").warnings.size() == 1);
  CHECK(world.runner.Count("page-me") == 1);
  CHECK(world.Waiting() == 1);
  world.down = false;
  const auto deliveries = DeliverWaiting(&world.context, NoticeSelection::kAll);
  REQUIRE(deliveries.size() == 1);
  CHECK(deliveries[0].entry.channel == "webhook");
  CHECK_FALSE(deliveries[0].reason);
  CHECK(world.runner.Count("page-me") == 1);
  CHECK(world.Got() == "undone 2 ");
}

TEST_CASE(
    "notify tries all, or what is due; a channel that is gone is dropped") {
  Broken world;
  world.down = true;
  world.Deploy("2");
  CHECK(DeliverWaiting(&world.context, NoticeSelection::kDue).empty());
  auto deliveries = DeliverWaiting(&world.context, NoticeSelection::kAll);
  REQUIRE(deliveries.size() == 1);
  CHECK(deliveries[0].reason == "Timeout was reached");
  CHECK(FindWaiting(&world.context, NoticeSelection::kAll).size() == 1);
  world.config.notify.webhook = "";
  world.config.notify.command = {"page-me"};
  deliveries = DeliverWaiting(&world.context, NoticeSelection::kAll);
  REQUIRE(deliveries.size() == 1);
  CHECK(deliveries[0].dropped);
  CHECK(world.Waiting() == 0);
}

TEST_CASE("a notice waits while another command delivers") {
  Broken world;
  world.down = true;
  world.Deploy("2");
  world.down = false;
  const auto lock = OutboxLock::Take(&world.disk, &world.clock, Nanoseconds(0));
  const Outcome outcome = world.Deploy("2");
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0].find("another command") != std::string::npos);
  CHECK(world.got.empty());
  CHECK(ErrorOf([&] {
          DeliverWaiting(&world.context, NoticeSelection::kAll);
        }).code() == ErrorCode::kBusy);
}

TEST_CASE("on a full disk a rollback works and is reported") {
  int tried = 0;
  for (std::uint64_t n = 1; n < 20; ++n) {
    Wired world;
    world.Deploy("2");
    FaultFs full(&world.disk);
    world.context.fs = &full;
    std::string said;
    world.context.report = [&](const ProgressEvent& event) {
      said += event.text + "\n";
    };
    full.FailAt(n, ENOSPC, FsCall::kWrite);
    Outcome outcome;
    try {
      outcome = world.Rollback();
    } catch (const FsError&) {
      // The record could not be begun. Another test covers that.
    }
    world.context.fs = &world.disk;
    if (full.failure().find("outbox") == std::string::npos) continue;
    CAPTURE(full.failure());
    ++tried;
    CHECK(outcome.exit == Exit::kDone);
    CHECK(world.Current() == "releases/1");
    CHECK(said.find("the notice cannot be kept") != std::string::npos);
    CHECK(world.Got() == "committed 3 ");
    CHECK(world.Waiting() == 0);
  }
  CHECK(tried > 0);
}

TEST_CASE("a record that cannot be begun is reported") {
  Wired world;
  FaultFs full(&world.disk);
  world.context.fs = &full;
  full.FailFrom(1, ENOSPC, FsCall::kReserve);
  CHECK(ErrorOf([&] { world.Deploy("2"); }).code() == ErrorCode::kNoSpace);
  CHECK(world.Got() == "failed 0 ");
  CHECK(world.got[0].at("code") == "no-space");
  world.context.fs = &world.disk;
}

// A state that a crash left, after recovery and with the receiver back.
struct AfterCrash {
  AfterCrash(const Wired& before, MemFs left) : world(before, std::move(left)) {
    world.down = false;
    world.RecoverNow();
    DeliverWaiting(&world.context, NoticeSelection::kAll);
  }
  // Returns how the transaction ended by its record; "" if it never began.
  std::string Ended() {
    const auto numbers = ListRecords(&world.disk);
    if (numbers.back() != 2) return "";
    const TransactionRecord record = ReadRecord(&world.disk, 2);
    if (record.end->recovered) return "died 2 ";
    return std::string(ResultName(record.end->result)) + " 2 ";
  }
  Wired world;
};

// Deploys 2, and crashes after `k` calls that change the disk. Returns false if
// the deploy ends before that.
bool CrashesAfter(std::uint64_t k, Wired* world) {
  world->disk.CrashAfter(k);
  try {
    world->Deploy("2");
  } catch (const CrashNow&) {
    return true;
  }
  return false;
}

// Stops a deploy at each call that changes the disk. In every state that a kill
// or a power cut leaves, compares the notices with the record. Returns the
// number of states, and adds to `untold` those in which they differ. `ignored`
// names a sync that is left out.
int CrashEverywhere(bool healthy, bool down, const std::string& ignored,
                    int* untold) {
  int states = 0;
  for (std::uint64_t k = 0;; ++k) {
    Wired world;
    world.Settle();
    world.config.notify.on_success = true;
    world.config.health.deadline = seconds(1);
    world.down = down;
    if (!healthy) world.broken.insert("2");
    if (!ignored.empty()) world.disk.IgnoreSync(ignored);
    const bool crashed = CrashesAfter(k, &world);
    const auto look = [&](MemFs left) {
      AfterCrash after(world, std::move(left));
      const std::string ended = after.Ended();
      const std::string told = after.world.Got();
      ++states;
      // The notice must arrive once or twice and agree with the record.
      const bool twice = told == ended + ended && !ended.empty();
      if (told != ended && !twice) ++*untold;
      if (after.world.Waiting() != 0) ++*untold;
    };
    look(world.disk.Killed());
    world.disk.ForEachPowerCut(look);
    if (!crashed) return states;
  }
}

TEST_CASE("no crash at any call loses a notice or makes it untrue") {
  for (const bool healthy : {true, false}) {
    for (const bool down : {true, false}) {
      CAPTURE(healthy);
      CAPTURE(down);
      int untold = 0;
      const int states = CrashEverywhere(healthy, down, "", &untold);
      CHECK(untold == 0);
      MESSAGE(states << " states");
      CHECK(states > 50);
    }
  }
  // As a control, leave out the sync of the outbox: this must lose a notice.
  int untold = 0;
  CrashEverywhere(false, true, kOutbox, &untold);
  CHECK(untold > 0);
}

TEST_CASE("nothing is told of a deploy that died before it is recovered") {
  int waiting = 0;
  for (std::uint64_t k = 0;; ++k) {
    CAPTURE(k);
    Wired world;
    world.config.notify.on_success = true;
    if (!CrashesAfter(k, &world)) break;
    Wired later(world, world.disk.Killed());
    const auto numbers = ListRecords(&later.disk);
    if (numbers.back() != 2 || !ReadRecord(&later.disk, 2).open()) continue;
    waiting += later.Waiting() == 0 ? 0 : 1;
    // Neither by `notify` nor by a command that cannot take the lock.
    DeliverWaiting(&later.context, NoticeSelection::kAll);
    {
      const Lock other(&later.disk, &later.clock, later.context.caller, {});
      CHECK_THROWS_AS(later.Deploy("3"), Error);
    }
    CHECK(later.Got() == "");
  }
  CHECK(waiting > 0);
}

TEST_CASE("a recovery that ends in doubt is told as in doubt") {
  Wired world;
  world.runner.On("probe", [&](const Command&) {
    world.disk.CrashAfter(0);
    return Exited(0);
  });
  CHECK_THROWS_AS(world.Deploy("2"), CrashNow);
  Wired later(world, world.disk.Killed());
  later.broken = {"1", "2"};
  CHECK(later.RecoverNow().exit == Exit::kNeedsPerson);
  CHECK(later.Got() == "in-doubt 2 ");
}

TEST_CASE("no power cut has a notice delivered again") {
  for (const bool later : {false, true}) {
    CAPTURE(later);
    Broken world;
    world.down = later;
    world.Deploy("2");
    world.down = false;
    if (later) DeliverWaiting(&world.context, NoticeSelection::kAll);
    CHECK(world.Got() == "undone 2 ");
    int states = 0;
    world.disk.ForEachPowerCut([&](MemFs left) {
      ++states;
      CHECK(ListOutbox(&left).empty());
    });
    CHECK(states > 0);
  }
}

}  // namespace release
