// The commands that change something.
//
// Each of Deploy, Stage, Activate, Rollback, Restart, Prune, Pin and Unpin
// takes the lock, recovers an interrupted transaction, and runs as a recorded
// transaction of its own. The Outcome says how it ended; a success is durable
// on return. They throw only if no transaction could begin; then nothing has
// changed.
#ifndef RELEASE_DEPLOY_OPERATIONS_H_
#define RELEASE_DEPLOY_OPERATIONS_H_

#include <optional>
#include <string>

#include "base/version.h"
#include "deploy/archive_request.h"
#include "deploy/deploy_context.h"
#include "deploy/recovery.h"
#include "deploy/transaction_spec.h"

namespace release {

// The terms of a deploy or an activation. The members are those of the same
// names in TransactionSpec.
struct ActivationTerms {
  std::optional<Duration> confirm_within;
  bool irreversible = false;
  RolloutTerms rollout;
  std::string manifest_sha256;  // only of an activation
};

Outcome Deploy(DeployContext* context, ArchiveRequest request,
               const ActivationTerms& terms = {});
Outcome Stage(DeployContext* context, ArchiveRequest request,
              const RolloutTerms& rollout = {});
Outcome Activate(DeployContext* context, const Version& version,
                 const ActivationTerms& terms = {});

// Rolls back to `version` or, if it is nullopt, to the release that was live
// and good before the current one. Marks the release that was live as
// withdrawn, with `reason`. Preempts a transaction that waits for a network or
// a person (deploy/preempt.h), waits until it is undone, and warns whose it
// was. With kUnchecked it does not wait until the release answers well. With
// the id of a rollout it preempts only a transaction of that rollout, and
// `version` must be nullopt.
enum class RollbackProof { kRequired, kUnchecked };
Outcome Rollback(DeployContext* context, const std::optional<Version>& version,
                 const std::string& reason,
                 RollbackProof proof = RollbackProof::kRequired,
                 PastIrreversible past = PastIrreversible::kRefused,
                 const RolloutTerms& rollout = {});

// Has the service take up new configuration with the files of the live release.
// With [instances] these are published again as VERSION+r1 (deploy/restart.h)
// and activated like any release. Without, the service is reloaded or restarted
// as an activation does it, and proved; if that fails it is tried once more,
// and the outcome is kUndone if the service answers then, else kNeedsPerson.
Outcome Restart(DeployContext* context);

Outcome Prune(DeployContext* context);
Outcome Pin(DeployContext* context, const Version& version);
Outcome Unpin(DeployContext* context, const Version& version);

// Recovers an interrupted transaction and collects garbage. The outcome has the
// number and version of the recovered transaction; its exit is kDone, or
// kNeedsPerson if the state is in doubt. Its result is kNothing if no
// transaction was open. With kNo the service is neither reloaded nor checked.
Outcome RecoverNow(DeployContext* context, WithService with_service);

// Makes the missing directories of the layout; the root itself must exist.
// Returns whether it made any. The layout is durable on return, including parts
// that existed before.
bool InitializeLayout(Fs* fs);

// Confirm lets a transaction that waits for confirmation keep its release;
// Abort asks the running transaction to undo and stop. Both only leave a file
// that the transaction polls for; they neither take the lock nor wait. Each
// returns the number of that transaction; the other two return the number alone
// and change nothing. Each throws Error kNothingRunning if none is running.
std::uint64_t Confirm(Fs* fs);
std::uint64_t Abort(DeployContext* context);
std::uint64_t FindForConfirm(Fs* fs);
std::uint64_t FindForAbort(Fs* fs);

}  // namespace release

#endif  // RELEASE_DEPLOY_OPERATIONS_H_
