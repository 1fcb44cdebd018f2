// How a deployment is doing: what is live, whether it is well and whole, what
// runs, how the last transaction ended, and what is in doubt. Changes nothing
// and takes no lock.
#ifndef RELEASE_INSPECT_STATUS_H_
#define RELEASE_INSPECT_STATUS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/manifest.h"
#include "base/reason.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "store/lock.h"

namespace release {

// How closely the live tree is compared with its manifest.
enum class TreeCheck {
  kShape,  // names, sizes, modes and link targets
  kBytes,  // and the hash of every file
};

struct StatusReport {
  DeploymentState state;
  std::optional<LockHolder> holder;  // somebody runs a transaction now
  std::optional<Version> rollback_target;
  std::vector<ManifestDifference> differences;  // of the live tree
  Reason unhealthy;                             // what the probe found wrong
  std::vector<ProcessUse> strays;  // processes that run from another release
  std::size_t undelivered = 0;     // notices in the outbox
  std::string undelivered_reason;  // why the last try to deliver one failed

  // A transaction that began, did not end, and that nobody runs any more.
  bool interrupted() const { return state.open && !holder; }
  // Whether `status --check` is content.
  bool well() const;
};

StatusReport ReadStatus(DeployContext* context, TreeCheck tree_check);

// One line of `list`.
struct ListedRelease {
  LedgerEntry entry;
  bool live = false;
  bool rollback_target = false;
  std::vector<int> pids;  // processes that use it
};

// Every release on disk, the one that got its state last first.
std::vector<ListedRelease> ListKnown(DeployContext* context);

}  // namespace release

#endif  // RELEASE_INSPECT_STATUS_H_
