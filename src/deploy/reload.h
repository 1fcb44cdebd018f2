// The steps by which the service takes up the release that `current` names.
#ifndef RELEASE_DEPLOY_RELOAD_H_
#define RELEASE_DEPLOY_RELOAD_H_

#include "deploy/step_recorder.h"
#include "service/hook_context.h"
#include "service/service.h"

namespace release {

// Reloads the service, checks that it runs the release, and waits until it is
// healthy: the steps "reload" and "health" of an activation and of its undo.
// Leaves out a step without a configuration. `hook_context.step` is "undo" in
// an undo; if it is empty, each step fills in its own name. Throws as the
// functions of Service do.
//
// With kUnchecked, only reloads.
enum class ReloadProof { kRequired, kUnchecked };
void ReloadAndProve(StepRecorder* recorder, Service* service,
                    const HookContext& hook_context,
                    ReloadProof proof = ReloadProof::kRequired);

// Returns how long the step "health" may take when all goes well.
Duration HealthLimit(const HealthConfig& config);

}  // namespace release

#endif  // RELEASE_DEPLOY_RELOAD_H_
