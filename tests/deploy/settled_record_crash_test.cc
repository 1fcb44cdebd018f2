// Proves that a committed end survives. A process may die after it has written
// the end of its record and before it has synced it. The next command finds a
// transaction that has ended, but a power cut may still lose that end.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "deploy/operations.h"
#include "store/journal.h"
#include "store/layout.h"
#include "support/world.h"

namespace release {
namespace {

using NextCommand = std::pair<std::string, std::function<void(World*)>>;

std::vector<NextCommand> SecondCommands() {
  return {
      {"recover", [](World* world) { world->RecoverNow(); }},
      {"deploy", [](World* world) { world->Deploy("4"); }},
      {"activate",
       [](World* world) { Activate(&world->context, *Version::Parse("1")); }},
      {"pin", [](World* world) { Pin(&world->context, *Version::Parse("1")); }},
      {"prune", [](World* world) { Prune(&world->context); }},
      {"rollback", [](World* world) { world->Rollback(); }}};
}

std::unique_ptr<World> TwoReleases() {
  auto world = std::make_unique<World>();
  DeployAll(world.get(), {"1", "2"});
  world->Settle();
  return world;
}

// The state after a deploy that was killed when the end of its record was
// written.
struct KilledDeploy {
  std::unique_ptr<World> world;
  bool synced = false;
};

std::vector<KilledDeploy> KilledAfterTheirEnd() {
  std::vector<KilledDeploy> found;
  for (std::uint64_t call = 0;; ++call) {
    auto world = TwoReleases();
    world->disk.CrashAfter(call);
    bool crashed = false;
    try {
      world->Deploy("3");
    } catch (const CrashNow&) {
      crashed = true;
    }
    const auto& syncs = world->disk.syncs();
    const std::string record = RecordPath(3);
    const auto count = std::count(syncs.begin(), syncs.end(), record);
    auto killed = std::make_unique<World>(*world, world->disk.Killed());
    const bool there = ListRecords(&killed->disk).back() == 3;
    if (there && ReadRecord(&killed->disk, 3).end) {
      found.push_back({std::move(killed), count >= 3});
    }
    if (!crashed) return found;
  }
}

// Recovers the state that a power cut left, and returns what is wrong with it;
// empty if it is sound.
std::string WrongAfterRecovery(World* world) {
  world->RecoverNow();
  const DeploymentState state = ReadDeploymentState(&world->disk);
  if (state.open || state.unreadable) return "a transaction is open";
  if (!state.problems.empty()) return state.problems.front();
  if (!state.live) return "nothing is live";
  return "";
}

// Runs the command on the disk of a killed deploy, stops it at each of its
// calls and cuts the power in every way. Returns what broke first; empty if
// nothing did.
class NextCommandRun {
 public:
  NextCommandRun(const World& killed, NextCommand command, std::string left_out)
      : killed_(killed),
        command_(std::move(command)),
        left_out_(std::move(left_out)) {}

  std::string FirstBreak() {
    for (std::uint64_t call = 0; broken_.empty(); ++call) {
      World world(killed_, killed_.disk);
      if (!left_out_.empty()) world.disk.IgnoreSync(left_out_, 1);
      world.disk.CrashAfter(call);
      try {
        command_.second(&world);
      } catch (const CrashNow&) {
        CutPower(world, "");
        continue;
      }
      CutPower(world, world.Current());
      break;
    }
    return broken_;
  }

 private:
  void CutPower(const World& stopped, const std::string& reported) {
    stopped.disk.ForEachPowerCut([&](MemFs disk) {
      if (!broken_.empty()) return;
      if (!seen_.insert(reported + disk.Image()).second) return;
      World world(stopped, std::move(disk));
      world.service = world.Current();
      broken_ = WrongAfterRecovery(&world);
      if (broken_.empty() && !reported.empty() && world.Current() != reported) {
        broken_ = fmt::format("{} was reported live, {} is", reported,
                              world.Current());
      }
    });
  }

  const World& killed_;
  NextCommand command_;
  std::string left_out_;  // the name of a sync
  std::unordered_set<std::string> seen_;
  std::string broken_;
};

}  // namespace

TEST_CASE("no crash at any call of the next command loses a committed end") {
  std::size_t unsynced = 0;
  for (const KilledDeploy& killed : KilledAfterTheirEnd()) {
    unsynced += killed.synced ? 0 : 1;
    for (const NextCommand& command : SecondCommands()) {
      CAPTURE(command.first);
      CAPTURE(killed.synced);
      CHECK(NextCommandRun(*killed.world, command, "").FirstBreak() == "");
    }
  }
  CHECK(unsynced == 1);
}

TEST_CASE("without the sync of that end each next command may lose it") {
  const std::string record = RecordPath(3);
  for (const KilledDeploy& killed : KilledAfterTheirEnd()) {
    if (killed.synced) continue;
    for (const NextCommand& command : SecondCommands()) {
      CAPTURE(command.first);
      CHECK(NextCommandRun(*killed.world, command, record).FirstBreak() != "");
    }
  }
}

TEST_CASE("a record whose end is known to be durable is not synced again") {
  const auto world = TwoReleases();
  world->Deploy("3");
  const std::string record = RecordPath(3);
  const auto count = [&] {
    const auto& syncs = world->disk.syncs();
    return std::count(syncs.begin(), syncs.end(), record);
  };
  const auto before = count();
  world->Rollback();
  CHECK(count() == before);
}

}  // namespace release
