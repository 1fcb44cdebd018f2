// Simulates an app and its machine in memory: a disk that can lose power, a
// service that reads `current` on each reload, and releases whose health check
// can fail.
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
  // Makes an initialized root, all of it durable.
  World();
  // Makes the world that remains after the deploying process died: the service
  // goes on as in `before`, on the given disk.
  World(const World& before, MemFs disk);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Returns a small archive of that version: a directory, a file and a link;
  // and a file bin/common if `common` is not empty.
  static std::string ArchiveOf(const std::string& version,
                               const std::string& common = "");
  ArchiveRequest RequestFor(const std::string& version) const;

  Outcome Deploy(const std::string& version);
  Outcome Rollback();
  Outcome RecoverNow();

  // Returns the target of `current`, or "" if it does not exist.
  std::string Current();
  // Makes everything so far durable.
  void Settle() { disk.SyncTree(Fs::kRoot); }

  MemFs disk;
  FakeRunner runner;
  FakeHttp http;
  FakeClock clock;
  Config config;
  DeployContext context;
  std::string service;           // the target of `current` at the last reload
  std::set<std::string> broken;  // versions whose probe fails
  std::string common;            // see ArchiveOf

 private:
  void Wire();
};

// Deploys these one after the other. Throws std::runtime_error if one does not
// go live.
void DeployAll(World* world, std::initializer_list<const char*> versions);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_WORLD_H_
