// --dry-run: lists what a command would do, without doing it. Each function
// applies the command's own rules to the same facts, and throws the error that
// would refuse the command. Takes no lock, so the command itself may find
// another state.
#ifndef RELEASE_DEPLOY_PLAN_H_
#define RELEASE_DEPLOY_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "deploy/archive_request.h"
#include "deploy/deploy_context.h"
#include "deploy/operations.h"
#include "deploy/retention.h"
#include "deploy/transaction_spec.h"

namespace release {

using Plan = std::vector<std::string>;  // one line for each step

struct PrunePlan {
  Plan settling;  // of a transaction that runs or has died
  std::vector<RetentionVerdict> removals;

  // Returns everything as one list; never empty.
  Plan Steps() const;
};

// These two read, hash and check the whole archive without unpacking it.
Plan PlanDeploy(DeployContext* context, ArchiveRequest request,
                const RolloutTerms& rollout = {});
Plan PlanStage(DeployContext* context, ArchiveRequest request);
Plan PlanActivate(DeployContext* context, const Version& version,
                  const ActivationTerms& terms = {});
Plan PlanRollback(DeployContext* context, const std::optional<Version>& version,
                  PastIrreversible past = PastIrreversible::kRefused,
                  const RolloutTerms& rollout = {});
Plan PlanRestart(DeployContext* context);
PrunePlan PlanPrune(DeployContext* context);
Plan PlanPin(DeployContext* context, const Version& version);
Plan PlanUnpin(DeployContext* context, const Version& version);
Plan PreviewRecovery(DeployContext* context);

}  // namespace release

#endif  // RELEASE_DEPLOY_PLAN_H_
