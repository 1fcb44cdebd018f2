// Proves that transactions survive crashes: at whatever instant the process
// dies or the power fails, the deployment is whole, and recovery settles it.
// See support/crash_enumeration.h.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/manifest_text.h"
#include "store/layout.h"
#include "store/packed_manifest.h"
#include "store/releases.h"
#include "store/verify.h"
#include "support/archive_bytes.h"
#include "support/crash_enumeration.h"
#include "support/packed_tree.h"
#include "support/world.h"

namespace release {
namespace {

struct Scenario {
  std::string name;
  std::function<Outcome(World*)> run;
  std::string to;  // the release of the transaction
  bool healthy = true;
  unsigned keep_releases = 5;
  bool links = false;   // hard-links unchanged files to the previous release
  bool packed = false;  // the live release came as `pack` makes archives
};

PackedTree TreeOf(const std::string& version) {
  return PackedTree(
      {{"bin/app", "version " + version}, {"bin/common", "the same in all"}});
}

Outcome DeployBytes(World* world, const std::string& bytes,
                    const std::string& version) {
  return Deploy(&world->context,
                RequestOfBytes(bytes, "shop-" + version + ".tar"));
}

// The live release before each scenario, and the good one before that.
constexpr char kLive[] = "releases/2";
constexpr char kOlder[] = "releases/1";

// A transaction after which its release must be live if it is healthy, and the
// release before it otherwise.
class TransactionCrashes final : public CrashScenario<World> {
 public:
  explicit TransactionCrashes(Scenario scenario)
      : scenario_(std::move(scenario)) {}

  std::unique_ptr<World> Start() const override {
    auto world = std::make_unique<World>();
    if (scenario_.links) {
      world->config.unpack.dedup = Dedup::kHardLink;
      world->common = "the same in all";
    }
    for (const char* version : {"0", "1"}) {
      REQUIRE(world->Deploy(version).exit == Exit::kDone);
    }
    const Outcome live =
        scenario_.packed ? DeployBytes(world.get(), TreeOf("2").Full("2"), "2")
                         : world->Deploy("2");
    REQUIRE(live.exit == Exit::kDone);
    world->Settle();
    world->config.keep_releases = scenario_.keep_releases;
    if (!scenario_.healthy) {
      world->broken.insert(VersionOfTarget(scenario_.to)->name());
    }
    return world;
  }

  Outcome Run(World* world) const override { return scenario_.run(world); }

  // The service starts on the target of `current`.
  void Boot(World* world) const override { world->service = world->Current(); }

  // A power cut must not lose a reported success, and a reported failure must
  // be true about which release is live.
  void CheckReported(World* state, const Outcome& reported) const override {
    const bool done = reported.exit == Exit::kDone;
    Require(done == scenario_.healthy, "the outcome is not as the scenario");
    state->RecoverNow();
    Require(state->Current() == (done ? scenario_.to : kLive),
            "a reported outcome was lost: " + state->Current());
  }

  // Checks the promises that hold for every reader, before recovery and after.
  void CheckCrashed(World* world, const std::string& where) const override {
    const std::string current = world->Current();
    Require(!current.empty(), where + ": there is no current");
    const auto version = VersionOfTarget(current);
    for (const Version& name : ListReleases(&world->disk).versions) {
      Require(HasManifest(&world->disk, name) &&
                  VerifyRelease(&world->disk, name).empty(),
              fmt::format("{}: releases/{} is torn", where, name.name()));
      Require(!world->disk.Stat(Fs::kRoot, PackedManifestPath(name)) ||
                  ReadPackedManifest(&world->disk, name),
              fmt::format("{}: the packed manifest of {} is torn", where,
                          name.name()));
    }
    Require(ListReleases(&world->disk).versions.contains(*version),
            where + ": current dangles");
  }

  // The release that must be live.
  std::string Expected(World* crashed) const override {
    return Committed(crashed) ? scenario_.to : kLive;
  }

  void CheckRecovered(World* world, const std::string& expected,
                      const std::string& where) const override {
    CheckCrashed(world, where);
    const DeploymentState state = ReadDeploymentState(&world->disk);
    Require(!state.open && !state.unreadable,
            where + ": a transaction is open");
    Require(state.listing.garbage.empty(), where + ": garbage is left");
    Require(state.problems.empty(), where + ": there is a doubt");
    Require(world->Current() == expected,
            fmt::format("{}: {} is live, not {}", where, world->Current(),
                        expected));
    Require(world->service == world->Current(),
            fmt::format("{}: the service runs {}, current is {}", where,
                        world->service, world->Current()));
    const auto target = state.ledger.RollbackTarget(state.live);
    Require(target && state.listing.versions.contains(*target),
            where + ": no rollback is possible");
  }

 private:
  static bool Committed(World* world) {
    const auto numbers = ListRecords(&world->disk);
    if (numbers.back() != 4) return false;
    const TransactionRecord record = ReadRecord(&world->disk, 4);
    return record.end && record.end->committed;
  }

  const Scenario scenario_;
};

Scenario HealthyDeploy() {
  return {.name = "deploy",
          .run = [](World* world) { return world->Deploy("3"); },
          .to = "releases/3"};
}

Scenario UnhealthyDeploy() {
  Scenario scenario = HealthyDeploy();
  scenario.name = "deploy that fails";
  scenario.healthy = false;
  return scenario;
}

Scenario PruningDeploy() {
  Scenario scenario = HealthyDeploy();
  scenario.name = "deploy that prunes";
  scenario.keep_releases = 1;
  return scenario;
}

// The new release shares a file with the old one, and the oldest is pruned.
Scenario LinkingDeploy() {
  Scenario scenario = PruningDeploy();
  scenario.name = "deploy that links and prunes";
  scenario.links = true;
  return scenario;
}

Scenario ThinDeploy() {
  Scenario scenario = HealthyDeploy();
  scenario.name = "deploy of a thin archive";
  scenario.run = [](World* world) {
    const std::string base = FormatManifest(TreeOf("2").ManifestFor("2"));
    return DeployBytes(world, TreeOf("3").Thin("3", base), "3");
  };
  scenario.packed = true;
  return scenario;
}

Scenario UnhealthyThinDeploy() {
  Scenario scenario = ThinDeploy();
  scenario.name = "deploy of a thin archive that fails";
  scenario.healthy = false;
  return scenario;
}

Scenario HealthyRollback() {
  return {.name = "rollback",
          .run = [](World* world) { return world->Rollback(); },
          .to = kOlder};
}

Scenario UnhealthyRollback() {
  Scenario scenario = HealthyRollback();
  scenario.name = "rollback that fails";
  scenario.healthy = false;
  return scenario;
}

std::vector<Scenario> Rollbacks() {
  return {HealthyRollback(), UnhealthyRollback()};
}

std::vector<Scenario> DeploysAndRollbacks() {
  return {HealthyDeploy(), UnhealthyDeploy(), HealthyRollback(),
          UnhealthyRollback(), PruningDeploy()};
}

// Returns the first promise that breaks in any scenario if this sync is left
// out; empty if none does.
std::string BreaksWithout(const std::string& name, unsigned occurrence,
                          const std::vector<Scenario>& scenarios) {
  for (const Scenario& scenario : scenarios) {
    const TransactionCrashes crashes(scenario);
    CrashEnumeration enumeration(&crashes);
    enumeration.LeaveOut(name, occurrence);
    const std::string broken = enumeration.FirstBreak();
    if (!broken.empty()) return scenario.name + ": " + broken;
  }
  return "";
}

}  // namespace

TEST_CASE("no crash at any call breaks a transaction, nor its recovery") {
  for (const Scenario& scenario :
       {HealthyDeploy(), UnhealthyDeploy(), PruningDeploy(), LinkingDeploy(),
        ThinDeploy(), UnhealthyThinDeploy(), HealthyRollback(),
        UnhealthyRollback()}) {
    CAPTURE(scenario.name);
    const TransactionCrashes crashes(scenario);
    CrashEnumeration enumeration(&crashes);
    CHECK(enumeration.FirstBreak() == "");
    MESSAGE(scenario.name << ": " << enumeration.points() << " crash points, "
                          << enumeration.states() << " states");
    CHECK(enumeration.points() > 10);
    CHECK(enumeration.states() > enumeration.points());
  }
}

TEST_CASE("each load-bearing sync left out is caught") {
  const std::string record = ".release/transactions/000004.log";
  struct Row {
    std::string sync;
    std::string name;
    unsigned occurrence;
    std::vector<Scenario> scenarios = DeploysAndRollbacks();
  };
  for (const Row& row : {
           Row{"transactions dir after create", ".release/transactions", 1},
           Row{"tree before publish", "tree", 1},
           Row{"releases/ after publish", "releases", 1},
           Row{"switching", record, 2},
           Row{"root after the swap", "", 1},
           Row{"begin and switching of a rollback", record, 1, Rollbacks()},
           Row{"committed", record, 3},
           Row{"root in undo", "", 2},
       }) {
    const std::string broken =
        BreaksWithout(row.name, row.occurrence, row.scenarios);
    MESSAGE("without " << row.sync << ": " << broken);
    CHECK_MESSAGE(!broken.empty(), row.sync);
  }
}

}  // namespace release
