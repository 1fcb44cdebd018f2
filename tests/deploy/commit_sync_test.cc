// A commit whose sync failed may be durable or not. It is taken back before
// anything is undone, so that a process that dies meanwhile leaves a
// transaction that recovery undoes, too.
#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>

#include "store/journal.h"
#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/world.h"

namespace release {
namespace {

// Deploys 2 over 1. The n-th sync fails, and the process dies at the given
// call.
struct DyingDeploy {
  DyingDeploy(std::uint64_t nth_sync, std::uint64_t call) {
    DeployAll(&world, {"1"});
    FaultFs fault(&world.disk);
    world.context.fs = &fault;
    fault.FailAt(nth_sync, EIO, FsCall::kSync);
    world.disk.CrashAfter(call);
    try {
      world.Deploy("2");
    } catch (const CrashNow&) {
      died = true;
    } catch (const Error&) {
      // The sync of the begin line failed: nothing has begun.
    }
    world.context.fs = &world.disk;
    failure = fault.failure();
  }

  World world;
  bool died = false;
  std::string failure;  // which sync failed; empty if none did
};

constexpr std::uint64_t kNoCall = 1'000'000;

// Returns the number of the last sync of record 2 in a deploy that commits: the
// one of its end.
std::uint64_t SyncOfCommit() {
  std::uint64_t found = 0;
  for (std::uint64_t n = 1;; ++n) {
    const DyingDeploy deploy(n, kNoCall);
    if (deploy.failure.empty()) return found;
    // The ones before it are those of the begin and the switching lines.
    if (deploy.failure == "sync " + RecordPath(2)) found = n;
  }
}

}  // namespace

TEST_CASE(
    "a process that dies after a failed commit leaves nothing committed") {
  const std::uint64_t commit = SyncOfCommit();
  REQUIRE(commit > 2);
  int states = 0;
  for (std::uint64_t call = 0;; ++call) {
    CAPTURE(call);
    DyingDeploy deploy(commit, call);
    if (!deploy.died) break;
    if (deploy.failure.empty()) continue;
    // The first state is that before the commit is taken back.
    if (++states == 1) continue;
    World later(deploy.world, deploy.world.disk.Killed());
    later.RecoverNow();
    CHECK(later.Current() == "releases/1");
    CHECK(ReadDeploymentState(&later.disk).problems.empty());
    CHECK_FALSE(ReadRecord(&later.disk, 2).end->committed);
  }
  CHECK(states > 3);
}

}  // namespace release
