// The engine: one transaction from the lock to its outcome.
//
// A TransactionSpec says what is wanted. The engine runs it in the one order
// that keeps the promises: recover, prepare, begin, stage, switch, reload,
// prove, commit. If a step after the begin fails, it undoes the transaction.
#ifndef RELEASE_DEPLOY_TRANSACTION_H_
#define RELEASE_DEPLOY_TRANSACTION_H_

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/transaction_spec.h"

namespace release {

// Runs the transaction. The caller must hold the lock, have settled any earlier
// transaction, and have read `state` since then. A committed outcome is durable
// on return. Delivers no notices. Throws only if the transaction could not
// begin; then nothing has changed.
Outcome RunUnderLock(DeployContext* context, const TransactionSpec& spec,
                     DeploymentState state);

}  // namespace release

#endif  // RELEASE_DEPLOY_TRANSACTION_H_
