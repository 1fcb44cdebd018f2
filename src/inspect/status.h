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
#include "store/watch_note.h"

namespace release {

// How thoroughly the live tree is compared with its manifest.
enum class TreeCheck {
  kShape,  // names, sizes, modes and link targets
  kBytes,  // also the hash of every file
};

// The unit of an app without [instances].
struct UnitStatus {
  std::string name;
  bool running = false;
  std::string state;       // systemd's words, "active (running)"
  std::int64_t since = 0;  // when it started, seconds since 1970; 0: never
};

// The answer of the health probe that `status` sent.
struct ProbeStatus {
  Reason problem;       // nullopt: healthy
  Nanoseconds took{0};  // until the answer
};

struct StatusReport {
  std::string app;  // "" if only a root was named
  std::string host;
  DeploymentState state;
  // The transaction that made the live release live, if its record is kept.
  std::optional<TransactionRecord> activation;
  // The transaction that left the deployment in doubt, if nothing has settled
  // that since.
  std::optional<TransactionRecord> doubt;
  std::optional<LockHolder> holder;  // the process that holds the lock now
  std::optional<Version> rollback_target;
  std::vector<ManifestDifference> differences;  // of the live tree
  std::optional<ProbeStatus> probe;             // nullopt: none was sent
  std::optional<UnitStatus> unit;               // without [instances]
  std::vector<InstanceStatus> instances;        // with [instances]
  std::optional<WatchNote> watch;               // over the live release
  bool watch_runs = false;                      // a process looks
  std::vector<ProcessUse> old_processes;        // that run from another release
  std::size_t undelivered = 0;                  // notices in the outbox
  std::string undelivered_reason;  // why the last try to deliver one failed

  // Returns true if a transaction has begun and not ended, and no process runs
  // it any more.
  bool interrupted() const { return state.open && !holder; }
  // Returns why the live release is not healthy; nullopt if it is, or if there
  // is no probe.
  Reason unhealthy() const { return probe ? probe->problem : std::nullopt; }
  // Returns since when the live release is live, in seconds since 1970; nullopt
  // if nothing is live or that is not known.
  std::optional<std::int64_t> live_since() const;
  // Returns whether the watch has found the live release bad.
  bool found_bad() const { return watch && watch->state == WatchState::kBad; }
  // Returns true if `status --check` must succeed: a release is live, unchanged
  // and healthy, its watch has not found it bad, and there are no problems.
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
