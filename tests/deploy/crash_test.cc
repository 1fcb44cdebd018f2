// Proves that transactions survive crashes: at whatever instant the process
// dies or the power fails, the deployment is whole, and recovery settles it.
//
// Every mutating and syncing call of a transaction is a crash point. At each
// one, the process is killed (nothing is lost, nothing more becomes durable,
// the service keeps running), and the power is cut (any subset of the changes
// that are not durable is lost; the service starts again on the target of
// `current`). Recovery runs from every state that this leaves. It is also
// stopped at each of its own calls in both ways, and runs again. The same
// enumeration with one sync left out must find a broken state; otherwise it
// would prove nothing.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <unordered_set>

#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"
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
  std::function<Outcome(World*)> run;
  std::string to;  // the release of the transaction
  bool healthy = true;
  unsigned keep_releases = 5;
  bool links = false;  // hard-links unchanged files to the previous release
};

// The live release before each scenario, and the good one before that.
constexpr char kLive[] = "releases/2";
constexpr char kOlder[] = "releases/1";

std::unique_ptr<World> MakeStart(const Scenario& scenario) {
  auto world = std::make_unique<World>();
  if (scenario.links) {
    world->config.unpack.dedup = Dedup::kHardLink;
    world->common = "the same in all";
  }
  for (const char* version : {"0", "1", "2"}) {
    REQUIRE(world->Deploy(version).exit == Exit::kDone);
  }
  world->Settle();
  world->config.keep_releases = scenario.keep_releases;
  if (!scenario.healthy) {
    world->broken.insert(VersionOfTarget(scenario.to)->name());
  }
  return world;
}

class Enumeration {
 public:
  explicit Enumeration(Scenario scenario) : scenario_(std::move(scenario)) {}

  // Makes the disk ignore a sync; see MemFs::IgnoreSync.
  void LeaveOut(std::string name, unsigned occurrence) {
    left_out_ = {std::move(name), occurrence};
  }

  // Throws Broken at the first state in which a promise does not hold.
  void Run() {
    auto whole = Start();
    const std::uint64_t before = whole->disk.operations();
    const Outcome outcome = scenario_.run(whole.get());
    const std::uint64_t calls = whole->disk.operations() - before;
    CheckReported(*whole, outcome);
    for (std::uint64_t k = 0; k <= calls; ++k) {
      ++points_;
      auto world = Start();
      world->disk.CrashAfter(k);
      RunToCrash([&] { scenario_.run(world.get()); });
      CheckStates(*world, fmt::format("crash at call {}", k), 2);
    }
  }

  std::uint64_t points() const { return points_; }
  std::uint64_t states() const { return states_; }

 private:
  std::unique_ptr<World> Start() {
    auto world = MakeStart(scenario_);
    if (!left_out_.first.empty() || left_out_.second != 0) {
      world->disk.IgnoreSync(left_out_.first, left_out_.second);
    }
    return world;
  }

  static void RunToCrash(const std::function<void()>& body) {
    try {
      body();
    } catch (const CrashNow&) {
    }
  }

  // Visits every state that the machine may be in after it stopped in this
  // world: one after a kill, and one for each possible power cut.
  void ForEachState(const World& stopped,
                    const std::function<void(World*)>& visit) {
    World killed(stopped, stopped.disk.Killed());
    visit(&killed);
    stopped.disk.ForEachPowerCut([&](MemFs disk) {
      World cut(stopped, std::move(disk));
      cut.service = cut.Current();
      visit(&cut);
    });
  }

  // A power cut must not lose a reported success, and a reported failure must
  // be true about which release is live.
  void CheckReported(const World& ended, const Outcome& outcome) {
    const bool done = outcome.exit == Exit::kDone;
    Require(done == scenario_.healthy, "the outcome is not as the scenario");
    ForEachState(ended, [&](World* world) {
      world->RecoverNow();
      Require(world->Current() == (done ? scenario_.to : kLive),
              "a reported outcome was lost: " + world->Current());
    });
  }

  void CheckStates(const World& stopped, const std::string& where, int depth) {
    ForEachState(stopped, [&](World* state) {
      // Skip a state that was checked: the image covers both the content and
      // what a power cut can still lose, so recovery would do the same.
      if (!seen_
               .insert(fmt::format("{} {} {}", depth, state->service,
                                   state->disk.Image()))
               .second) {
        return;
      }
      ++states_;
      CheckAlways(state, where);
      CheckRecovery(*state, where, depth);
    });
  }

  void CheckRecovery(const World& state, const std::string& where, int depth) {
    World recovered(state, state.disk);
    const std::uint64_t before = recovered.disk.operations();
    const bool committed = Committed(&recovered);
    recovered.RecoverNow();
    const std::uint64_t calls = recovered.disk.operations() - before;
    CheckSettled(&recovered, committed, where);
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

  static bool Committed(World* world) {
    const auto numbers = ListRecords(&world->disk);
    if (numbers.back() != 4) return false;
    const TransactionRecord record = ReadRecord(&world->disk, 4);
    return record.end && record.end->committed;
  }

  // Checks the promises that hold for every reader, before recovery and after.
  void CheckAlways(World* world, const std::string& where) {
    const std::string current = world->Current();
    Require(!current.empty(), where + ": there is no current");
    const auto version = VersionOfTarget(current);
    for (const Version& name : ListReleases(&world->disk).versions) {
      Require(HasManifest(&world->disk, name) &&
                  VerifyRelease(&world->disk, name).empty(),
              fmt::format("{}: releases/{} is torn", where, name.name()));
    }
    Require(ListReleases(&world->disk).versions.contains(*version),
            where + ": current dangles");
  }

  void CheckSettled(World* world, bool committed, const std::string& where) {
    CheckAlways(world, where);
    const DeploymentState state = ReadDeploymentState(&world->disk);
    Require(!state.open && !state.unreadable,
            where + ": a transaction is open");
    Require(state.listing.garbage.empty(), where + ": garbage is left");
    Require(state.problems.empty(), where + ": there is a doubt");
    const std::string wanted = committed ? scenario_.to : kLive;
    Require(world->Current() == wanted,
            fmt::format("{}: {} is live, committed: {}", where,
                        world->Current(), committed));
    Require(world->service == world->Current(),
            fmt::format("{}: the service runs {}, current is {}", where,
                        world->service, world->Current()));
    const auto target = state.ledger.RollbackTarget(state.live);
    Require(target && state.listing.versions.contains(*target),
            where + ": no rollback is possible");
  }

  Scenario scenario_;
  std::pair<std::string, unsigned> left_out_;
  std::unordered_set<std::string> seen_;
  std::uint64_t points_ = 0;
  std::uint64_t states_ = 0;
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

TEST_CASE("no crash at any call breaks a transaction, nor its recovery") {
  for (const Scenario& scenario :
       {HealthyDeploy(), UnhealthyDeploy(), PruningDeploy(), LinkingDeploy(),
        HealthyRollback(), UnhealthyRollback()}) {
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
