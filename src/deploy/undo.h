// Carries out the recovery plan (deploy/recovery.h). A failed step, a crash
// found by a later command, and the recovery at boot all use this code.
#ifndef RELEASE_DEPLOY_UNDO_H_
#define RELEASE_DEPLOY_UNDO_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/recovery.h"
#include "store/journal.h"

namespace release {

// The process that undoes a transaction: its own, or that of a later command
// after the first died.
enum class UndoneBy { kItself, kLaterCommand };

// Why the transaction is undone, and how.
struct UndoCause {
  // The step's failure; nullopt if the process died.
  std::optional<Failure> failure;
  UndoneBy by = UndoneBy::kItself;
  WithService with_service = WithService::kYes;
  std::map<std::string, std::string> facts;  // for the record
};

// Undoes the transaction: restores `current` durably, reloads the service with
// the earlier release, checks its health, and ends the record. Signals are held
// back until it returns. The caller must hold the lock.
//
// The outcome's exit is that of the failure if the transaction had not switched
// yet, else kUndone. It is kNeedsPerson if the earlier release is unhealthy too
// or `current` stays where it is. If the undo itself fails, it is kNeedsPerson
// too, and the record stays open, so that the next command tries again.
Outcome Undo(DeployContext* context, Journal* journal,
             const TransactionRecord& record, const Ledger& ledger,
             const UndoCause& cause);

// If the newest transaction has not ended, undoes it and collects garbage.
// Returns nullopt if it has ended; `*state` is valid then. If an outcome is
// returned, the caller must read the state again. Throws only if nothing was
// undone. The caller must hold the lock.
std::optional<Outcome> Recover(DeployContext* context, DeploymentState* state,
                               WithService with_service);

}  // namespace release

#endif  // RELEASE_DEPLOY_UNDO_H_
