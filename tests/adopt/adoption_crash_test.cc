// Proves that an adoption survives crashes: at whatever instant the process
// dies or the power fails, the same files are still served, and a second try
// finishes.
//
// As in crash_test.cc, every mutating and syncing call is a crash point, with
// every state that a kill or a power cut may leave.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <unordered_set>

#include "adopt/adoption.h"
#include "adopt/foreign_directory.h"
#include "adopt/real_path.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/verify.h"
#include "support/foreign_tree.h"
#include "support/subtree_fs.h"
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
  std::string served;  // the content that a read through `current` must find
  std::string before;  // the target of `current` before; "": not a link
  std::string version;
  std::string line;       // the ledger's order afterwards, e.g. "1 2 3 "
  bool lays_out = false;  // the same run makes the layout
  // The app is /site/app, and /site/shop becomes its root, as with --from.
  bool from_outside = false;
  // Moves with two calls, as mv and ln -s do. The test must notice the gap.
  bool by_hand = false;
};

constexpr char kApp[] = "/site/app";
constexpr char kSiteRoot[] = "/site/shop";

// A world whose disk is the app's root or, with `from_outside`, the machine.
struct Machine : World {
  Machine(const World& before, MemFs left, bool from_outside)
      : World(before, std::move(left)) {
    if (!from_outside) return;
    config.root = kSiteRoot;
    root.emplace(&disk, FromTop(kSiteRoot));
    context.fs = &*root;
  }
  Fs* app_root() { return context.fs; }
  Fs* machine() { return root ? static_cast<Fs*>(&disk) : &shop; }

  std::optional<SubtreeFs> root;
  ShopMachine shop{&disk};
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
    // A power cut must not lose a success that was reported.
    ForEachState(*whole, [&](Machine* world) {
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
  std::unique_ptr<Machine> Start() const {
    auto world = std::make_unique<Machine>(base_, scenario_.start,
                                           scenario_.from_outside);
    if (!left_out_.first.empty() || left_out_.second != 0) {
      world->disk.IgnoreSync(left_out_.first, left_out_.second);
    }
    return world;
  }

  void TakeOver(Machine* world) const {
    if (scenario_.from_outside) MoveIn(world);
    if (scenario_.lays_out) InitializeLayout(world->app_root());
    AdoptOptions options;
    options.machine = world->machine();
    if (scenario_.before.empty()) {
      options.version = Version::ParseOrThrow(scenario_.version);
    }
    const Outcome outcome = Adopt(&world->context, options);
    Require(outcome.exit == Exit::kDone,
            "it failed: " + (outcome.error ? outcome.error->message : ""));
  }

  void MoveIn(Machine* world) const {
    const ForeignDirectory foreign(world->machine(), kApp, kSiteRoot);
    if (foreign.Examine() == ForeignDirectory::Where::kMoved) return;
    if (!scenario_.by_hand) return foreign.Move(world->app_root());
    InitializeLayout(world->app_root());
    const std::string current = std::string(kSiteRoot) + "/" + kCurrent;
    world->disk.Rename(Fs::kRoot, FromTop(kApp), Fs::kRoot, FromTop(current),
                       RenameMode::kNoReplace);
    world->disk.MakeSymlink(current, Fs::kRoot, FromTop(kApp));
  }

  static void RunToCrash(const std::function<void()>& body) {
    try {
      body();
    } catch (const CrashNow&) {
    }
  }

  void ForEachState(const World& stopped,
                    const std::function<void(Machine*)>& visit) const {
    Machine killed(stopped, stopped.disk.Killed(), scenario_.from_outside);
    visit(&killed);
    stopped.disk.ForEachPowerCut([&](MemFs disk) {
      Machine cut(stopped, std::move(disk), scenario_.from_outside);
      visit(&cut);
    });
  }

  void CheckStates(const World& stopped, const std::string& where, int depth) {
    ForEachState(stopped, [&](Machine* state) {
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

  static bool HasLayout(Machine* world) {
    try {
      RequireLayout(world->app_root());
      return world->app_root()->Stat(Fs::kRoot, kOutbox).has_value();
    } catch (const Error&) {
      return false;
    }
  }

  // Returns the content of the index file, read through the path that served it
  // before the adoption.
  std::string Served(Machine* world) const {
    if (!scenario_.from_outside) return ServedIndex(&world->disk);
    const std::string path = FromTop(RealPath(&world->disk, kApp)) + "/index";
    return world->disk.Stat(Fs::kRoot, path) ? ReadFile(&world->disk, path)
                                             : "";
  }

  void CheckServed(Machine* world, const std::string& where) const {
    const std::string served = Served(world);
    Require(served == scenario_.served,
            fmt::format("{}: served is '{}'", where, served));
  }

  // Runs the adoption again on what the crash left; it must finish.
  void CheckAgain(const World& state, const std::string& where) {
    Machine again(state, state.disk, scenario_.from_outside);
    InitializeLayout(again.app_root());
    TakeOver(&again);
    CheckServed(&again, where + ", again");
    Require(Adopted(&again), where + ": trying again does not finish");
  }

  void CheckRecovery(const World& state, const std::string& where, int depth) {
    Machine recovered(state, state.disk, scenario_.from_outside);
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
      Machine again(state, state.disk, scenario_.from_outside);
      again.disk.CrashAfter(k);
      RunToCrash([&] { again.RecoverNow(); });
      CheckStates(again, fmt::format("{}, recovery at call {}", where, k),
                  depth - 1);
    }
  }

  bool Adopted(Machine* world) const {
    if (!HasLayout(world)) return false;
    Fs* root = world->app_root();
    const DeploymentState state = ReadDeploymentState(root);
    std::string line;
    for (const Version& version : state.ledger.activation_order()) {
      line += version.name() + " ";
      if (!HasManifest(root, version)) return false;
      if (!VerifyRelease(root, version).empty()) return false;
    }
    return line == scenario_.line && state.LiveIsRecorded() &&
           root->ReadLink(Fs::kRoot, kCurrent) ==
               "releases/" + scenario_.version &&
           IsTidy(state);
  }

  // Returns whether the root is as before, except for the layout and the record
  // of the try.
  bool Untouched(Machine* world) const {
    Fs* root = world->app_root();
    const DeploymentState state = ReadDeploymentState(root);
    return IsBefore(root) && state.ledger.activation_order().empty() &&
           IsTidy(state) && root->List(Fs::kRoot, kManifests).empty();
  }

  // Returns whether `current` is as before. If the directory comes from outside
  // and has not been moved yet, `current` is missing or a link to itself, which
  // the exchange puts there first.
  bool IsBefore(Fs* root) const {
    const auto info = root->Stat(Fs::kRoot, kCurrent);
    if (!info) return scenario_.from_outside;
    if (info->type != FileType::kSymlink) return scenario_.before.empty();
    const auto says = root->ReadLink(Fs::kRoot, kCurrent);
    return says == (scenario_.from_outside
                        ? std::string(kSiteRoot) + "/" + kCurrent
                        : scenario_.before);
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

Scenario Outside() {
  MemFs disk;
  disk.MakeDirectory(Fs::kRoot, "site", 0755);
  disk.MakeDirectory(Fs::kRoot, FromTop(kSiteRoot), 0755);
  MakeForeignRelease(&disk, FromTop(kApp), "plain");
  disk.SyncTree(Fs::kRoot);
  Scenario scenario = Plain();
  scenario.name = "a directory outside the root";
  scenario.start = std::move(disk);
  scenario.from_outside = true;
  return scenario;
}

std::string WhatBreaks(Enumeration* enumeration) {
  try {
    enumeration->Run();
  } catch (const Broken& broken) {
    return broken.what;
  }
  return "";
}

std::string BreaksWithout(const std::string& name, unsigned occurrence) {
  for (const Scenario& scenario : {Linked(), Plain()}) {
    Enumeration enumeration(scenario);
    enumeration.LeaveOut(name, occurrence);
    const std::string broken = WhatBreaks(&enumeration);
    if (!broken.empty()) return scenario.name + ": " + broken;
  }
  return "";
}

}  // namespace

TEST_CASE("no crash at any call breaks an adoption, nor its recovery") {
  for (const Scenario& scenario :
       {Linked(), Plain(), FromNothing(Linked(), CapistranoTree()),
        FromNothing(Plain(), PlainTree()), Outside()}) {
    CAPTURE(scenario.name);
    Enumeration enumeration(scenario);
    CHECK(WhatBreaks(&enumeration) == "");
    MESSAGE(scenario.name << ": " << enumeration.points() << " crash points, "
                          << enumeration.states() << " states");
    CHECK(enumeration.points() > 10);
    CHECK(enumeration.states() > enumeration.points());
  }
}

TEST_CASE("each load-bearing sync of an adoption left out is caught") {
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

TEST_CASE("each load-bearing step of a move from outside left out is caught") {
  Scenario by_hand = Outside();
  by_hand.by_hand = true;
  Enumeration enumeration(by_hand);
  const std::string broken = WhatBreaks(&enumeration);
  MESSAGE("by mv and ln: " << broken);
  CHECK(broken.find("served is ''") != std::string::npos);
}

TEST_CASE("the same readers notice the gap between mv and ln") {
  MemFs disk = PlainTree();
  InitializeLayout(&disk);
  disk.Rename(Fs::kRoot, kCurrent, Fs::kRoot, "releases/7",
              RenameMode::kNoReplace);
  CHECK(ServedIndex(&disk) == "");
  disk.MakeSymlink("releases/7", Fs::kRoot, kCurrent);
  CHECK(ServedIndex(&disk) == "plain");
}

}  // namespace release
