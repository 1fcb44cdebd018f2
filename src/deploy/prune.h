// Retention on a real host: gathers the facts, asks the rule, removes.
#ifndef RELEASE_DEPLOY_PRUNE_H_
#define RELEASE_DEPLOY_PRUNE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/retention.h"

namespace release {

// What retention says of each release now.
std::vector<RetentionVerdict> JudgeReleases(DeployContext* context,
                                            const DeploymentState& state);

// Removes what retention lets go: renames all of it aside, durably, then
// deletes, unless the host leaves that for later. Reports each removal. Returns
// what could not be removed; such failures are warnings. Needs the lock.
std::vector<std::string> ApplyRetention(DeployContext* context,
                                        std::uint64_t transaction);

}  // namespace release

#endif  // RELEASE_DEPLOY_PRUNE_H_
