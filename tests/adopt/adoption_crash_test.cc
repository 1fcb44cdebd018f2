// The proof for taking over: whatever instant the process dies or the power
// fails, what was served is served, and trying again finishes.
//
// As in crash_test.cc every mutating and syncing call is a crash point, with
// every state that a kill or a power cut may leave.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <unordered_set>

#include "adopt/adoption.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/verify.h"
#include "support/foreign_tree.h"
#include "support/world.h"

namespace release {
namespace {

struct Broken {
  std::string what;
};

void Require(bool holds, const std::string& what) {
  if (!holds) throw Broken{what};
}

struct Scenario {
  std::string name;
  MemFs start;
  std::string served;  // what whoever reads through `current` must find
  std::string before;  // what `current` says before; "" where it is no link
  std::string version;
  std::string line;       // of the ledger afterwards
  bool lays_out = false;  // the layout is made in the same run
};

class Enumeration {
 public:
  explicit Enumeration(Scenario scenario) : scenario_(std::move(scenario)) {}

  void LeaveOut(std::string name, unsigned occurrence) {
    left_out_ = {std::move(name), occurrence};
  }

  // Throws Broken at the first state in which a promise does not hold.
  void Run() {
    auto whole = Start();
    const std::uint64_t before = whole->disk.operations();
    TakeOver(whole.get());
    const std::uint64_t calls = whole->disk.operations() - before;
    // A success that was reported survives the power.
    ForEachState(*whole, [&](World* world) {
      Require(Adopted(world), "a reported success was lost");
    });
    for (std::uint64_t k = 0; k <= calls; ++k) {
      ++points_;
      auto world = Start();
      world->disk.CrashAfter(k);
      RunToCrash([&] { TakeOver(world.get()); });
      CheckStates(*world, fmt::format("crash at call {}", k), 2);
    }
  }

  std::uint64_t points() const { return points_; }
  std::uint64_t states() const { return states_; }

 private:
  std::unique_ptr<World> Start() {
    auto world = std::make_unique<World>(base_, scenario_.start);
    if (!left_out_.first.empty() || left_out_.second != 0) {
      world->disk.IgnoreSync(left_out_.first, left_out_.second);
    }
    return world;
  }

  void TakeOver(World* world) {
    if (scenario_.lays_out) InitializeLayout(&world->disk);
    AdoptOptions options = AdoptOptionsFor(&world->disk);
    if (scenario_.before.empty()) {
      options.version = Version::ParseOrThrow(scenario_.version);
    }
    const Outcome outcome = Adopt(&world->context, options);
    Require(outcome.exit == Exit::kDone,
            "it failed: " + (outcome.error ? outcome.error->message : ""));
  }

  static void RunToCrash(const std::function<void()>& body) {
    try {
      body();
    } catch (const CrashNow&) {
    }
  }

  static void ForEachState(const World& stopped,
                           const std::function<void(World*)>& visit) {
    World killed(stopped, stopped.disk.Killed());
    visit(&killed);
    stopped.disk.ForEachPowerCut([&](MemFs disk) {
      World cut(stopped, std::move(disk));
      visit(&cut);
    });
  }

  void CheckStates(const World& stopped, const std::string& where, int depth) {
    ForEachState(stopped, [&](World* state) {
      if (!seen_.insert(fmt::format("{} {}", depth, state->disk.Image()))
               .second) {
        return;
      }
      ++states_;
      CheckServed(state, where);
      CheckAgain(*state, where);
      if (HasLayout(state)) CheckRecovery(*state, where, depth);
    });
  }

  static bool HasLayout(World* world) {
    try {
      RequireLayout(&world->disk);
      return world->disk.Stat(Fs::kRoot, kOutbox).has_value();
    } catch (const Error&) {
      return false;
    }
  }

  void CheckServed(World* world, const std::string& where) {
    const std::string served = ServedIndex(&world->disk);
    Require(served == scenario_.served,
            fmt::format("{}: served is '{}'", where, served));
  }

  // Trying again finishes, from wherever the crash left it.
  void CheckAgain(const World& state, const std::string& where) {
    World again(state, state.disk);
    InitializeLayout(&again.disk);
    TakeOver(&again);
    CheckServed(&again, where + ", again");
    Require(Adopted(&again), where + ": trying again does not finish");
  }

  void CheckRecovery(const World& state, const std::string& where, int depth) {
    World recovered(state, state.disk);
    const std::uint64_t before = recovered.disk.operations();
    recovered.RecoverNow();
    const std::uint64_t calls = recovered.disk.operations() - before;
    CheckServed(&recovered, where + ", recovered");
    Require(Adopted(&recovered) || Untouched(&recovered),
            where + ": recovery leaves neither before nor after");
    const std::string tree = recovered.disk.Tree();
    recovered.RecoverNow();
    Require(recovered.disk.Tree() == tree, where + ": recovery twice differs");
    if (depth == 1) return;
    for (std::uint64_t k = 0; k <= calls; ++k) {
      World again(state, state.disk);
      again.disk.CrashAfter(k);
      RunToCrash([&] { again.RecoverNow(); });
      CheckStates(again, fmt::format("{}, recovery at call {}", where, k),
                  depth - 1);
    }
  }

  bool Adopted(World* world) const {
    if (!HasLayout(world)) return false;
    const DeploymentState state = ReadDeploymentState(&world->disk);
    std::string line;
    for (const Version& version : state.ledger.activation_order()) {
      line += version.name() + " ";
      if (!HasManifest(&world->disk, version)) return false;
      if (!VerifyRelease(&world->disk, version).empty()) return false;
    }
    return line == scenario_.line && state.LiveIsRecorded() &&
           world->Current() == "releases/" + scenario_.version && IsTidy(state);
  }

  // As before, but for the layout and the record of what was tried.
  bool Untouched(World* world) const {
    const DeploymentState state = ReadDeploymentState(&world->disk);
    const auto info = world->disk.Stat(Fs::kRoot, kCurrent);
    const bool is_link = info->type == FileType::kSymlink;
    return is_link == !scenario_.before.empty() &&
           (!is_link || world->Current() == scenario_.before) &&
           state.ledger.activation_order().empty() && IsTidy(state) &&
           world->disk.List(Fs::kRoot, kManifests).empty();
  }

  static bool IsTidy(const DeploymentState& state) {
    return !state.open && !state.unreadable && state.listing.garbage.empty() &&
           state.listing.unknown_entries.empty();
  }

  const World base_;
  const Scenario scenario_;
  std::pair<std::string, unsigned> left_out_;
  std::unordered_set<std::string> seen_;
  std::uint64_t points_ = 0;
  std::uint64_t states_ = 0;
};

MemFs WithLayout(MemFs disk) {
  InitializeLayout(&disk);
  disk.SyncTree(Fs::kRoot);
  return disk;
}

Scenario Linked() {
  return {.name = "a link of Capistrano's",
          .start = WithLayout(CapistranoTree()),
          .served = "version 3",
          .before = "/srv/shop/releases/3",
          .version = "3",
          .line = "1 2 3 "};
}

Scenario Plain() {
  return {.name = "a plain directory",
          .start = WithLayout(PlainTree()),
          .served = "plain",
          .before = "",
          .version = "7",
          .line = "7 "};
}

Scenario FromNothing(Scenario scenario, MemFs start) {
  scenario.name += ", and the layout with it";
  scenario.start = std::move(start);
  scenario.lays_out = true;
  return scenario;
}

std::string BreaksWithout(const std::string& name, unsigned occurrence) {
  for (const Scenario& scenario : {Linked(), Plain()}) {
    Enumeration enumeration(scenario);
    enumeration.LeaveOut(name, occurrence);
    try {
      enumeration.Run();
    } catch (const Broken& broken) {
      return scenario.name + ": " + broken.what;
    }
  }
  return "";
}

}  // namespace

TEST_CASE("no crash at any call breaks a taking over, nor its recovery") {
  for (const Scenario& scenario :
       {Linked(), Plain(), FromNothing(Linked(), CapistranoTree()),
        FromNothing(Plain(), PlainTree())}) {
    CAPTURE(scenario.name);
    Enumeration enumeration(scenario);
    try {
      enumeration.Run();
    } catch (const Broken& broken) {
      FAIL_CHECK(broken.what);
    }
    MESSAGE(scenario.name << ": " << enumeration.points() << " crash points, "
                          << enumeration.states() << " states");
    CHECK(enumeration.points() > 10);
    CHECK(enumeration.states() > enumeration.points());
  }
}

TEST_CASE("each load-bearing sync of a taking over left out is caught") {
  const std::string record = ".release/transactions/000001.log";
  struct Row {
    std::string sync;
    std::string name;
    unsigned occurrence;
  };
  for (const Row& row : {
           Row{"trees and manifests", "tree", 1},
           Row{"root after the swap", "", 1},
           Row{"committed", record, 3},
       }) {
    const std::string broken = BreaksWithout(row.name, row.occurrence);
    MESSAGE("without " << row.sync << ": " << broken);
    CHECK_MESSAGE(!broken.empty(), row.sync);
  }
}

TEST_CASE("the same readers see what mv and ln leave for an instant") {
  MemFs disk = PlainTree();
  InitializeLayout(&disk);
  disk.Rename(Fs::kRoot, kCurrent, Fs::kRoot, "releases/7",
              RenameMode::kNoReplace);
  CHECK(ServedIndex(&disk) == "");
  disk.MakeSymlink("releases/7", Fs::kRoot, kCurrent);
  CHECK(ServedIndex(&disk) == "plain");
}

}  // namespace release
