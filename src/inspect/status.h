// Reports the state of a deployment: which release is live, whether it is
// healthy and unchanged on disk, which processes use which release, how the
// last transaction ended, and which problems there are. Changes nothing and
// takes no lock, so a running transaction may change the state while it is
// read.
#ifndef RELEASE_INSPECT_STATUS_H_
#define RELEASE_INSPECT_STATUS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/manifest.h"
#include "base/reason.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "inspect/instance_status.h"
#include "store/lock.h"

namespace release {

// How thoroughly the live tree is compared with its manifest.
enum class TreeCheck {
  kShape,  // names, sizes, modes and link targets
  kBytes,  // also the hash of every file
};

struct StatusReport {
  DeploymentState state;
  std::optional<LockHolder> holder;  // the process that holds the lock now
  std::optional<Version> rollback_target;
  std::vector<ManifestDifference> differences;  // of the live tree
  Reason unhealthy;                             // why the health probe failed
  std::vector<InstanceStatus> instances;        // with [instances]
  std::vector<ProcessUse> strays;  // processes that run from another release
  std::size_t undelivered = 0;     // notices in the outbox
  std::string undelivered_reason;  // why the last try to deliver one failed

  // Returns true if a transaction has begun and not ended, and no process runs
  // it any more.
  bool interrupted() const { return state.open && !holder; }
  // Returns true if `status --check` must succeed: a release is live, unchanged
  // and healthy, and there are no problems.
  bool well() const;
};

// Sends one health probe, if one is configured. Throws Error kNotInitialized if
// the root has no layout. A manifest that cannot be read is one of the
// problems.
StatusReport ReadStatus(DeployContext* context, TreeCheck tree_check);

// A line of `release list`.
struct ListedRelease {
  LedgerEntry entry;
  bool live = false;
  bool rollback_target = false;
  std::vector<int> pids;                   // processes that use it, ascending
  std::optional<InstanceStatus> instance;  // if it has one
};

// Returns every release on disk; the one whose state changed last is first.
// Throws Error kNotInitialized if the root has no layout.
std::vector<ListedRelease> ListKnown(DeployContext* context);

}  // namespace release

#endif  // RELEASE_INSPECT_STATUS_H_
