// A World whose releases run as instances.
#ifndef RELEASE_TESTS_SUPPORT_INSTANCE_WORLD_H_
#define RELEASE_TESTS_SUPPORT_INSTANCE_WORLD_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/journal.h"
#include "support/fake_instances.h"
#include "support/world.h"

namespace release {

struct InstanceWorld : World {
  InstanceWorld() { Wire(); }
  // Makes the world that remains after the deploying process died: the
  // instances go on as in `before`, on the given disk.
  InstanceWorld(const InstanceWorld& before, MemFs left)
      : World(before, std::move(left)) {
    Wire();
    booted = before.booted;
    instances.TakeState(before.instances);
    service = instances.Image();
    if (before.variation) Vary(before.variation);
  }

  // Changes how this machine works, and each one that remains of it.
  void Vary(std::function<void(InstanceWorld*)> how) {
    variation = std::move(how);
    variation(this);
  }

  // Returns the newest record.
  TransactionRecord Last() {
    return ReadRecord(&disk, ListRecords(&disk).back());
  }

  // Returns the names of its steps.
  std::vector<std::string> StepNames() {
    std::vector<std::string> names;
    for (const StepRecord& step : Last().steps) names.push_back(step.name);
    return names;
  }

  ReleaseState StateOf(const std::string& version) {
    const DeploymentState state = ReadDeploymentState(&disk);
    return state.ledger.Find(*Version::Parse(version))->state;
  }

  // Ends all that runs, as a power cut does. The unit release-start@.service
  // has not run yet.
  void Boot() {
    instances.running.clear();
    instances.loaded_by.clear();
    service = "";
    booted = true;
  }

  bool booted = false;
  std::function<void(InstanceWorld*)> variation;
  // The disk as a variation has the command see it; null: as it is.
  std::unique_ptr<Fs> disk_seen;
  FakeInstances instances{&disk, &config, &runner, &http};

 private:
  void Wire() {
    UseInstances(&config);
    context.units_know_app = true;
    instances.on_change = [this] { service = instances.Image(); };
  }
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_INSTANCE_WORLD_H_
