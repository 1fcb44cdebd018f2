// What a command would do, without doing it: --dry-run. Each looks at the same
// facts by the same rules as the command itself, and throws what would refuse
// it. Takes no lock.
#ifndef RELEASE_DEPLOY_PLAN_H_
#define RELEASE_DEPLOY_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "deploy/host.h"
#include "deploy/staging.h"

namespace release {

using Plan = std::vector<std::string>;  // one line a step

// Reads and hashes the whole archive; writes none of it.
Plan PlanDeploy(Host* host, Offer offer, bool activates);
Plan PlanActivate(Host* host, const Version& version);
Plan PlanRollback(Host* host, const std::optional<Version>& version);
Plan PlanPrune(Host* host);
Plan PlanPin(Host* host, const Version& version, bool pinned);
Plan PlanRecover(Host* host);

}  // namespace release

#endif  // RELEASE_DEPLOY_PLAN_H_
