// Applies retention to a host: gathers the facts, asks the rule
// (deploy/retention.h), and removes releases.
#ifndef RELEASE_DEPLOY_PRUNE_H_
#define RELEASE_DEPLOY_PRUNE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/retention.h"
#include "store/releases.h"

namespace release {

// Returns the retention verdict for each release, and changes nothing.
std::vector<RetentionVerdict> JudgeReleases(DeployContext* context,
                                            const DeploymentState& state);

// For `release prune`: renames the releases that retention does not keep to
// trash, durably. Reports each removal. A release that cannot be renamed does
// not stop the others; returns a warning for each. Throws the first failure as
// an Error if none of several could be renamed. The caller must hold the lock.
// `transaction` is the number of its own record.
std::vector<std::string> SetAsideUnkept(DeployContext* context,
                                        const DeploymentState& state,
                                        std::uint64_t transaction);

// Removes the releases that retention does not keep, after a commit: first
// renames all of them to trash, durably, then collects garbage as CollectUnkept
// does and trims the history. Reports each removal. Returns a warning for each
// release or tree that could not be removed, unless an earlier transaction has
// reported it. The caller must hold the lock, and has ended `record`, the
// newest one.
std::vector<std::string> ApplyRetention(DeployContext* context,
                                        const TransactionRecord& record);

// Collects garbage, unless `context->deletes_later` leaves the trees that were
// set aside to the caller. Returns every failure.
RemovalFailures CollectUnkept(DeployContext* context);

// Cleans up after an undo whose record has ended: trims the history, sets aside
// the failed releases that retention does not keep, so that a series of failed
// deploys does not fill the disk, and collects garbage. Removes no failed
// release after an outcome in doubt. Returns warnings as ApplyRetention does;
// throws nothing. The caller must hold the lock. `transaction` is the number of
// the newest record.
std::vector<std::string> CleanUpAfterUndo(DeployContext* context,
                                          std::uint64_t transaction);

}  // namespace release

#endif  // RELEASE_DEPLOY_PRUNE_H_
