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

namespace release {

// Returns the retention verdict for each release, and changes nothing.
std::vector<RetentionVerdict> JudgeReleases(DeployContext* context,
                                            const DeploymentState& state);

// Removes the releases that retention does not keep: first renames all of them
// to trash, durably, then deletes them, unless `context->deletes_later` leaves
// that to the caller. Reports each removal. Returns a warning for each tree
// that could not be deleted. The caller must hold the lock. `transaction` is
// the number of the newest record, which has ended.
std::vector<std::string> ApplyRetention(DeployContext* context,
                                        std::uint64_t transaction);

}  // namespace release

#endif  // RELEASE_DEPLOY_PRUNE_H_
