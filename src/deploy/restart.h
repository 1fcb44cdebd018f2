// `release restart` with [instances]: the files of the live release are
// published again under a new name, so that a new instance takes up new
// configuration and is proved like that of any release.
#ifndef RELEASE_DEPLOY_RESTART_H_
#define RELEASE_DEPLOY_RESTART_H_

#include "base/version.h"
#include "deploy/deployment_state.h"
#include "deploy/step_recorder.h"
#include "deploy/transaction_spec.h"

namespace release {

// Returns the name of the next restart of the live release: "1.4.2+r1" for
// 1.4.2, "1.4.2+r2" for its restart 1.4.2+r1, or the next number that is free.
// A release must be live. Throws Error kVersionTooLong if no version can have
// that name.
Version NextRestart(const DeploymentState& state);

// Throws Error kNoSuchRelease if no release is live; kConfigInvalid if there is
// no service to restart, or [service] action is "none".
void RequireRestartable(const Config& config, const DeploymentState& state);

// Finds the name of the new release. Throws Error kVersionTooLong;
// kManifestUnreadable if the live release has no manifest.
void PrepareRestart(const DeployContext& context, const DeploymentState& state,
                    PreparedTransaction* prepared);

// Makes the new release and publishes it (step "publish"); it is durable on
// return. Throws as RepublishTree and Staging::Publish do.
void PublishRestart(const DeploymentState& state, StepRecorder* recorder,
                    PreparedTransaction* prepared);

}  // namespace release

#endif  // RELEASE_DEPLOY_RESTART_H_
