// One app on one machine, all of it in memory: a disk that can lose power, a
// service that takes up what `current` names when it is told to reload, and
// releases that may be unhealthy.
#ifndef RELEASE_TESTS_SUPPORT_WORLD_H_
#define RELEASE_TESTS_SUPPORT_WORLD_H_

#include <initializer_list>
#include <set>
#include <string>

#include "deploy/deployment_state.h"
#include "deploy/operations.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/fake_runner.h"
#include "support/mem_fs.h"
#include "support/tar_builder.h"

namespace release {

class World {
 public:
  // An initialized root; everything so far is durable.
  World();
  // The same world after its process died, on the disk that is left.
  World(const World& before, MemFs disk);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A small archive of that version: a file, a directory and a link; and a file
  // bin/common where there is something common to all.
  static std::string ArchiveOf(const std::string& version,
                               const std::string& common = "");
  ArchiveRequest RequestFor(const std::string& version) const;

  Outcome Deploy(const std::string& version);
  Outcome Rollback();
  Outcome RecoverNow();

  // What `current` names; empty: nothing.
  std::string Current();
  // Makes everything so far durable.
  void Settle() { disk.SyncTree(Fs::kRoot); }

  MemFs disk;
  FakeRunner runner;
  FakeHttp http;
  FakeClock clock;
  Config config;
  DeployContext context;
  std::string service;           // the target that the service took up last
  std::set<std::string> broken;  // versions whose probe fails
  std::string common;            // see ArchiveOf

 private:
  void Wire();
};

// Deploys these one after the other; throws std::runtime_error where one does
// not go live.
void DeployAll(World* world, std::initializer_list<const char*> versions);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_WORLD_H_
