// Ends instances that are no longer needed, and starts the live one at boot.
//
// An instance that is no longer live goes on serving the connections that it
// has. `release drain`, run by release-drain@APP.service, waits for their end
// and stops it then. It takes the lock only to look anew and to stop, so it
// never makes a rollback wait.
#ifndef RELEASE_DEPLOY_DRAIN_H_
#define RELEASE_DEPLOY_DRAIN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "service/instance.h"

namespace release {

// "release-drain@shop.service".
std::string DrainUnit(const Config& config);

// Queues the start of the drain unit, which then waits for the lock. Returns
// why it could not.
Reason ArmDrain(DeployContext* context);

// After a commit: notes that the instance of `earlier` stays warm, if
// [instances] keep_warm is set; retires the unit that [instances] replaces; and
// sets `context->leaves_idle`. Returns warnings; throws nothing.
std::vector<std::string> LeaveEarlierInstance(
    DeployContext* context, const std::optional<Version>& earlier);

// Why an instance runs.
enum class InstanceRole {
  kLive,
  kStarting,  // an open transaction is about it
  kWarm,      // kept for a rollback or an undo
  kDraining,  // a release of this root that nothing needs any more
  kStray,     // not a release of this root
};

// "live", "starting", "warm", "draining", "stray".
std::string_view RoleName(InstanceRole role);

// `warm` is the version that is kept warm.
InstanceRole RoleOf(const DeploymentState& state,
                    const std::optional<Version>& warm, const Version& version);

// An instance that a drain has stopped.
struct DrainedInstance {
  Version version;
  unsigned cut = 0;  // connections that were open when it was stopped
};

// Takes the lock, settles an interrupted transaction, and stops the instances
// that are draining: each as soon as it has no connection, or after [instances]
// drain. Returns when none is left and none is warm. Calls `report` for each
// one. Throws as LockedRoot does, and Error kReloadFailed if systemd does not
// answer.
void Drain(DeployContext* context,
           const std::function<void(const DrainedInstance&)>& report);

// Has the drain unit end the instances that a transaction left idle, and drains
// as Drain does if systemd cannot start that unit. The caller must not hold the
// lock.
void DrainByUnit(DeployContext* context);

// Queues the start of the live release: of its instance, or of the unit of
// [service]. Settles an interrupted transaction first. Returns immediately. The
// outcome's result is kUnchanged if it runs already. Throws Error
// kNoSuchRelease if no release is live, kConfigInvalid without a unit, and
// kReloadFailed.
Outcome StartLive(DeployContext* context);

}  // namespace release

#endif  // RELEASE_DEPLOY_DRAIN_H_
