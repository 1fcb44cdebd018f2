// What a command would do, without doing it: --dry-run. Each looks at the same
// facts by the same rules as the command itself, and throws what would refuse
// it. Takes no lock.
#ifndef RELEASE_DEPLOY_PLAN_H_
#define RELEASE_DEPLOY_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "deploy/archive_request.h"
#include "deploy/deploy_context.h"

namespace release {

using Plan = std::vector<std::string>;  // one line a step

// Reads and hashes the whole archive; writes none of it.
Plan PlanDeploy(DeployContext* context, ArchiveRequest request, bool activates);
Plan PlanActivate(DeployContext* context, const Version& version);
Plan PlanRollback(DeployContext* context,
                  const std::optional<Version>& version);
Plan PlanPrune(DeployContext* context);
Plan PlanPin(DeployContext* context, const Version& version, bool pinned);
Plan PreviewRecovery(DeployContext* context);

}  // namespace release

#endif  // RELEASE_DEPLOY_PLAN_H_
