// Proves that transactions with instances survive crashes: at whatever instant
// the process dies or the power fails, users reach a release that was proved
// and runs, and recovery leaves exactly that instance.
// See support/crash_enumeration.h.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <vector>

#include "deploy/drain.h"
#include "store/layout.h"
#include "store/releases.h"
#include "support/crash_enumeration.h"
#include "support/instance_world.h"

namespace release {
namespace {

constexpr char kWorker[] = "worker.service";
constexpr char kLive[] = "releases/2";

// Which bad release the scenario brings.
enum class Fault { kNone, kAnswer, kHook };

struct Scenario {
  std::string name;
  std::function<Outcome(InstanceWorld*)> run;
  std::string to;  // the release of the transaction
  Fault fault = Fault::kNone;
  bool warm = false;  // the instance of release 1 still runs
};

class InstanceCrashes final : public CrashScenario<InstanceWorld> {
 public:
  explicit InstanceCrashes(Scenario scenario)
      : scenario_(std::move(scenario)) {}

  std::unique_ptr<InstanceWorld> Start() const override {
    auto world = std::make_unique<InstanceWorld>();
    world->config.instances.restart = {kWorker};
    world->config.hooks.post_activate = {"after"};
    for (const char* version : {"0", "1", "2"}) {
      REQUIRE(world->Deploy(version).exit == Exit::kDone);
    }
    world->instances.running.erase("shop@0.service");
    if (!scenario_.warm) world->instances.running.erase("shop@1.service");
    world->service = world->instances.Image();
    world->Settle();
    const std::string name = VersionOfTarget(scenario_.to)->name();
    if (scenario_.fault == Fault::kAnswer) world->instances.broken = {name};
    if (scenario_.fault == Fault::kHook) {
      world->runner.On("after", Exited(1));
    }
    return world;
  }

  Outcome Run(InstanceWorld* world) const override {
    return scenario_.run(world);
  }

  void Boot(InstanceWorld* world) const override { world->Boot(); }

  void CheckReported(InstanceWorld* state,
                     const Outcome& reported) const override {
    const bool done = reported.exit == Exit::kDone;
    Require(done == (scenario_.fault == Fault::kNone),
            "the outcome is not as the scenario");
    state->RecoverNow();
    Require(state->Current() == (done ? scenario_.to : kLive),
            "a reported outcome was lost: " + state->Current());
  }

  // Users reach what `current` names, at every instant.
  void CheckCrashed(InstanceWorld* world,
                    const std::string& where) const override {
    const auto version = VersionOfTarget(world->Current());
    Require(version.has_value(), where + ": there is no current");
    const std::string& name = version->name();
    Require(ListReleases(&world->disk).versions.contains(*version),
            where + ": current dangles");
    Require(
        !world->instances.broken.contains(name),
        fmt::format("{}: users reach {}, which was not proved", where, name));
    if (world->booted) return;
    Require(world->instances.Runs(name),
            fmt::format("{}: {} is live and does not run", where, name));
    for (const auto& [unit, pid] : world->instances.running) {
      const auto runs = VersionOfInstance("shop@.service", unit);
      Require(!runs || ListReleases(&world->disk).versions.contains(*runs),
              fmt::format("{}: {} runs from a deleted tree", where, unit));
    }
  }

  std::string Expected(InstanceWorld* crashed) const override {
    return Committed(crashed) ? scenario_.to : kLive;
  }

  void CheckRecovered(InstanceWorld* world, const std::string& expected,
                      const std::string& where) const override {
    CheckCrashed(world, where);
    Require(world->Current() == expected,
            fmt::format("{}: {} is live, not {}", where, world->Current(),
                        expected));
    InstanceWorld settled(*world, world->disk);
    if (settled.booted) StartLive(&settled.context);
    Drain(&settled.context, [](const DrainedInstance&) {});
    const std::string name = VersionOfTarget(expected)->name();
    Require(settled.instances.Running() == name,
            fmt::format("{}: {} run, {} is live", where,
                        settled.instances.Running(), name));
    // After a boot systemd starts the worker by itself, after the recovery.
    const std::string worker = settled.instances.LoadedBy(kWorker);
    Require(settled.booted ? worker.empty() || worker == expected
                           : worker == expected,
            fmt::format("{}: the worker runs {}, {} is live", where, worker,
                        expected));
  }

 private:
  static bool Committed(InstanceWorld* world) {
    const auto numbers = ListRecords(&world->disk);
    if (numbers.back() != 4) return false;
    const TransactionRecord record = ReadRecord(&world->disk, 4);
    return record.end && record.end->committed;
  }

  const Scenario scenario_;
};

Scenario GoodDeploy() {
  return {.name = "deploy",
          .run = [](InstanceWorld* world) { return world->Deploy("3"); },
          .to = "releases/3"};
}

Scenario RollbackTo1(bool warm) {
  return {.name = warm ? "rollback to a warm instance" : "rollback",
          .run = [](InstanceWorld* world) { return world->Rollback(); },
          .to = "releases/1",
          .warm = warm};
}

std::vector<Scenario> Scenarios() {
  Scenario unproved = GoodDeploy();
  unproved.name = "deploy that is not proved";
  unproved.fault = Fault::kAnswer;
  Scenario undone = GoodDeploy();
  undone.name = "deploy that is undone";
  undone.fault = Fault::kHook;
  return {GoodDeploy(), unproved, undone, RollbackTo1(false),
          RollbackTo1(true)};
}

}  // namespace

TEST_CASE("no crash at any call breaks a transaction with instances") {
  for (const Scenario& scenario : Scenarios()) {
    CAPTURE(scenario.name);
    const InstanceCrashes crashes(scenario);
    CrashEnumeration enumeration(&crashes);
    CHECK(enumeration.FirstBreak() == "");
    MESSAGE(scenario.name << ": " << enumeration.points() << " crash points, "
                          << enumeration.states() << " states");
    CHECK(enumeration.points() > 10);
    CHECK(enumeration.states() > enumeration.points());
  }
}

// The sync of `switching` is not among them: a power cut also ends the instance
// that the line is about.
TEST_CASE("a sync left out is caught with instances too") {
  const std::string record = ".release/transactions/000004.log";
  for (const auto& [name, occurrence] :
       std::vector<std::pair<std::string, unsigned>>{
           {record, 3}, {"", 1}, {"", 2}}) {
    std::string broken;
    for (const Scenario& scenario : Scenarios()) {
      const InstanceCrashes crashes(scenario);
      CrashEnumeration enumeration(&crashes);
      enumeration.LeaveOut(name, occurrence);
      broken = enumeration.FirstBreak();
      if (broken.empty()) continue;
      MESSAGE("without sync " << occurrence << " of '" << name
                              << "': " << scenario.name << ": " << broken);
      break;
    }
    CHECK_FALSE(broken.empty());
  }
}

}  // namespace release
