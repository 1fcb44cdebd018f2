// Proves that transactions with instances survive crashes: at whatever instant
// the process dies or the power fails, users reach a release that was proved
// and runs, and recovery leaves exactly that instance.
// See support/crash_enumeration.h.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <vector>

#include "deploy/attempt.h"
#include "deploy/drain.h"
#include "deploy/operations.h"
#include "store/layout.h"
#include "store/releases.h"
#include "support/crash_enumeration.h"
#include "support/instance_world.h"
#include "support/subtree_fs.h"

namespace release {
namespace {

constexpr char kWorker[] = "worker.service";
constexpr char kLive[] = "releases/2";
constexpr char kRestarted[] = "2+r1";

// Which bad release the scenario brings.
enum class Fault { kNone, kAnswer, kHook };

struct Scenario {
  std::string name;
  std::function<Outcome(InstanceWorld*)> run;
  std::string to;  // the release of the transaction
  Fault fault = Fault::kNone;
  bool warm = false;  // the instance of release 1 still runs
  // See InstanceWorld::Vary.
  std::function<void(InstanceWorld*)> variation = {};
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
    if (scenario_.variation) world->Vary(scenario_.variation);
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
    const Ledger ledger = ReadDeploymentState(&world->disk).ledger;
    for (const LedgerEntry& entry : ledger.entries()) {
      Require(entry.version.name() != kRestarted || entry.restart_of == "2",
              where + ": the ledger forgot that a release is a restart");
    }
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

Scenario UnprovedDeploy() {
  Scenario unproved = GoodDeploy();
  unproved.name = "deploy that is not proved";
  unproved.fault = Fault::kAnswer;
  return unproved;
}

Scenario UndoneDeploy() {
  Scenario undone = GoodDeploy();
  undone.name = "deploy that is undone";
  undone.fault = Fault::kHook;
  return undone;
}

Scenario RestartOf2() {
  return {.name = "restart",
          .run = [](InstanceWorld* world) { return Restart(&world->context); },
          .to = "releases/2+r1"};
}

Scenario UnprovedRestart() {
  Scenario unproved = RestartOf2();
  unproved.name = "restart that is not proved";
  unproved.fault = Fault::kAnswer;
  return unproved;
}

std::vector<Scenario> Scenarios() {
  return {GoodDeploy(),       UnprovedDeploy(),  UndoneDeploy(),
          RollbackTo1(false), RollbackTo1(true), RestartOf2(),
          UnprovedRestart()};
}

std::string FirstBreakOf(const Scenario& scenario) {
  const InstanceCrashes crashes(scenario);
  return CrashEnumeration(&crashes).FirstBreak();
}

// -- The same machine, on which two steps have changed places.

constexpr char kNewUnit[] = "shop@3.service";

// The instance answers well on its own socket, whatever it does: only the probe
// after the switch shows what it is.
void ProveAfterTheSwitch(InstanceWorld* world) {
  const auto answer = world->http.answer;
  world->http.answer = [world, answer](const HttpRequest& request) {
    const bool live = request.unix_socket == LiveSocket(world->config);
    return live ? answer(request) : HttpResponse{200, "", ""};
  };
}

// An undo begins with the question which instances run.
void StopBeforeTheLinkIsBack(InstanceWorld* world) {
  const auto changed = world->instances.on_change;
  world->instances.on_change = [world, changed] {
    const std::string asked = Joined(world->runner.commands.back());
    if (asked.ends_with("shop@*.service") && world->Current() == "releases/3") {
      world->instances.running.erase(kNewUnit);
    }
    changed();
  };
}

void DropTheTreeBeforeTheStop(InstanceWorld* world) {
  world->runner.On(std::string("stop -- ") + kNewUnit, [world](const Command&) {
    if (world->disk.Stat(Fs::kRoot, "releases/3")) {
      SetAside(&world->disk, 4, {Version::ParseOrThrow("3")});
    }
    world->instances.running.erase(kNewUnit);
    world->instances.on_change();
    return Exited(0);
  });
}

// A disk on which the line `switching` does not get into the record.
class WithoutSwitching final : public SubtreeFs {
 public:
  explicit WithoutSwitching(MemFs* disk) : SubtreeFs(disk, "") {}
  void Write(Handle file, std::string_view data) override {
    if (data.find("\"switching\"") == data.npos) SubtreeFs::Write(file, data);
  }
};

void RestartWorkersWithoutSwitching(InstanceWorld* world) {
  world->disk_seen = std::make_unique<WithoutSwitching>(&world->disk);
  world->context.fs = world->disk_seen.get();
}

// A disk on which everybody gets the lock.
class WithoutLock final : public SubtreeFs {
 public:
  explicit WithoutLock(MemFs* disk) : SubtreeFs(disk, "") {}
  bool TryLock(Handle) override { return true; }
};

// A drain that runs while a deploy is about to commit.
void DrainOn(Fs* fs, InstanceWorld* world) {
  world->runner.On("after", [world, fs](const Command&) {
    DeployContext other = world->context;
    other.fs = fs;
    // With the lock it is refused as busy.
    Attempt([&] { Drain(&other, [](const DrainedInstance&) {}); });
    return Exited(0);
  });
}

void DrainWithTheLock(InstanceWorld* world) { DrainOn(&world->disk, world); }

void DrainWithoutTheLock(InstanceWorld* world) {
  world->disk_seen = std::make_unique<WithoutLock>(&world->disk);
  DrainOn(world->disk_seen.get(), world);
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

TEST_CASE("two steps that change places are caught") {
  struct Row {
    std::string name;
    Scenario scenario;
    void (*variation)(InstanceWorld*);
    std::string broken;  // a part of the promise that does not hold
  };
  for (Row row : std::vector<Row>{
           {"prove after the switch", UnprovedDeploy(), ProveAfterTheSwitch,
            "users reach 3, which was not proved"},
           {"stop before the link is back", UndoneDeploy(),
            StopBeforeTheLinkIsBack, "3 is live and does not run"},
           {"drop the tree before the stop", UnprovedDeploy(),
            DropTheTreeBeforeTheStop, "runs from a deleted tree"},
           {"restart workers without `switching`", GoodDeploy(),
            RestartWorkersWithoutSwitching, "the worker runs releases/3"},
           {"drain without the lock", GoodDeploy(), DrainWithoutTheLock,
            "the outcome is not as the scenario"}}) {
    CAPTURE(row.name);
    row.scenario.variation = row.variation;
    const std::string broken = FirstBreakOf(row.scenario);
    MESSAGE(row.name << ": " << broken);
    CHECK(broken.find(row.broken) != broken.npos);
  }
  // The same drain with the lock is refused while the deploy runs.
  Scenario with_lock = GoodDeploy();
  with_lock.variation = DrainWithTheLock;
  CHECK(FirstBreakOf(with_lock) == "");
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
