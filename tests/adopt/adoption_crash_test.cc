// Proves that an adoption survives crashes: at whatever instant the process
// dies or the power fails, the same files are still served, and a second try
// finishes. See support/crash_enumeration.h.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "adopt/adoption.h"
#include "adopt/foreign_directory.h"
#include "adopt/real_path.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/verify.h"
#include "support/crash_enumeration.h"
#include "support/foreign_tree.h"
#include "support/subtree_fs.h"
#include "support/world.h"

namespace release {
namespace {

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
  Machine(const Machine& before, MemFs left)
      : Machine(before, std::move(left), before.root.has_value()) {}

  Fs* app_root() { return context.fs; }
  Fs* machine() { return root ? static_cast<Fs*>(&disk) : &shop; }

  std::optional<SubtreeFs> root;
  ShopMachine shop{&disk};
};

// An adoption during which the same content must be served, whatever happens.
class AdoptionCrashes final : public CrashScenario<Machine> {
 public:
  explicit AdoptionCrashes(Scenario scenario)
      : scenario_(std::move(scenario)) {}

  std::unique_ptr<Machine> Start() const override {
    return std::make_unique<Machine>(base_, scenario_.start,
                                     scenario_.from_outside);
  }

  Outcome Run(Machine* world) const override {
    if (scenario_.from_outside) MoveIn(world);
    if (scenario_.lays_out) InitializeLayout(world->app_root());
    AdoptOptions options;
    options.machine = world->machine();
    if (scenario_.before.empty()) {
      options.version = Version::ParseOrThrow(scenario_.version);
    }
    Outcome outcome = Adopt(&world->context, options);
    Require(outcome.exit == Exit::kDone,
            "it failed: " + (outcome.error ? outcome.error->message : ""));
    return outcome;
  }

  // A power cut must not lose a success that was reported.
  void CheckReported(Machine* state, const Outcome&) const override {
    Require(Adopted(state), "a reported success was lost");
  }

  void CheckCrashed(Machine* state, const std::string& where) const override {
    CheckServed(state, where);
    CheckAgain(*state, where);
  }

  bool CanRecover(Machine* state) const override { return HasLayout(state); }

  void CheckRecovered(Machine* recovered, const std::string&,
                      const std::string& where) const override {
    CheckServed(recovered, where + ", recovered");
    Require(Adopted(recovered) || Untouched(recovered),
            where + ": recovery leaves neither before nor after");
  }

 private:
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
  void CheckAgain(const Machine& state, const std::string& where) const {
    Machine again(state, state.disk);
    InitializeLayout(again.app_root());
    Run(&again);
    CheckServed(&again, where + ", again");
    Require(Adopted(&again), where + ": trying again does not finish");
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

std::string BreaksWithout(const std::string& name, unsigned occurrence) {
  for (const Scenario& scenario : {Linked(), Plain()}) {
    const AdoptionCrashes crashes(scenario);
    CrashEnumeration enumeration(&crashes);
    enumeration.LeaveOut(name, occurrence);
    const std::string broken = enumeration.FirstBreak();
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
    const AdoptionCrashes crashes(scenario);
    CrashEnumeration enumeration(&crashes);
    CHECK(enumeration.FirstBreak() == "");
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
  const AdoptionCrashes crashes(by_hand);
  CrashEnumeration enumeration(&crashes);
  const std::string broken = enumeration.FirstBreak();
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
