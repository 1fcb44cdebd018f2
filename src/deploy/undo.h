// Carries out what recovery planned. A step that fails, a crash found later and
// a boot all go back through here.
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

// Why the transaction is undone.
struct UndoCause {
  // What failed; nothing where its process died.
  std::optional<Failure> failure;
  bool recovered = false;    // by a later command
  bool with_service = true;  // false at boot, before the service starts
  std::map<std::string, std::string> facts;  // for the record
};

// Goes back, durably, has the service take up the release before, checks it,
// and ends the record. No signal interrupts it.
//
// The exit of the outcome: before the switch that of the failure, after it
// kUndone, or kNeedsPerson where the release before is unhealthy too or the
// link could not be put back. In that last case the record stays open, so that
// the next command tries again.
Outcome Undo(DeployContext* context, Journal* journal,
             const TransactionRecord& record, const Ledger& ledger,
             const UndoCause& cause);

// Settles the newest transaction where it has not ended, and collects garbage.
// Nothing where there was no such transaction; then `standing` holds, else it
// is to be read anew. Throws only where nothing was settled. Needs the lock.
std::optional<Outcome> Recover(DeployContext* context, DeploymentState* state,
                               bool with_service);

}  // namespace release

#endif  // RELEASE_DEPLOY_UNDO_H_
