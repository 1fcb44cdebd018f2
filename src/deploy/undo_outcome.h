// Decides the outcome of an undo. Pure functions: the undo itself is in
// deploy/undo.h.
#ifndef RELEASE_DEPLOY_UNDO_OUTCOME_H_
#define RELEASE_DEPLOY_UNDO_OUTCOME_H_

#include <optional>

#include "deploy/deploy_context.h"
#include "deploy/recovery.h"

namespace release {

// Returns the outcome as far as it is known before the undo. `failure` is why
// the transaction is undone; nullopt if its process died.
Outcome OutcomeOfUndo(const TransactionRecord& record,
                      const std::optional<Failure>& failure);

// Sets exit and result, and extends the error, after the undo. `trouble` is why
// the service could not be taken back. The outcome is in doubt with such
// trouble, or if `current` could not go back. Before the switch users noticed
// nothing, so the exit is that of the failure.
void DecideOutcome(const TransactionRecord& record, RecoveryPlan::Link link,
                   const std::optional<Failure>& trouble, Outcome* outcome);

// Sets exit, result and error after `error` stopped the undo.
void DecideFailedUndo(const TransactionRecord& record, const Error& error,
                      Outcome* outcome);

// Returns whether the release becomes failed by an undo that ended with `exit`.
// After the switch it does, also the target of a rollback: otherwise the next
// rollback would try the same release again. A target that is found bad before
// the switch stays good: with [instances] nobody saw it. A request to stop or
// trouble with the host's disk does not make a release failed: one that existed
// before keeps its state then.
bool ReleaseFailed(const TransactionRecord& record,
                   const std::optional<Failure>& failure, Exit exit);

}  // namespace release

#endif  // RELEASE_DEPLOY_UNDO_OUTCOME_H_
