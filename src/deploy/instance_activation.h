// Makes a release live as an instance: it is started and proved beside the live
// one, and `current` is switched only then.
#ifndef RELEASE_DEPLOY_INSTANCE_ACTIVATION_H_
#define RELEASE_DEPLOY_INSTANCE_ACTIVATION_H_

#include <optional>

#include "base/version.h"
#include "deploy/step_recorder.h"
#include "service/hook_context.h"
#include "service/instance.h"
#include "store/journal.h"
#include "store/ledger.h"

namespace release {

class InstanceActivation {
 public:
  // Borrows both. A release that was good before is proved by its first answer
  // if `length` is kFirstAnswer.
  InstanceActivation(StepRecorder* recorder, const Version& version,
                     ProofLength length);

  // Finds out which instances run, before anything changes. `live` is the
  // release that `current` names. Throws Error kReloadFailed if systemd does
  // not answer.
  void Observe(const std::optional<Version>& live);
  // Throws Error kProgramMissing if a program is missing that a proof starts;
  // kVersionTooLong if the release can have no instance.
  void RequirePossible();

  // Returns whether the release's own instance runs already.
  bool runs() const { return runs_; }
  // Returns whether the instance of the live release ran when Observe looked.
  ServiceBefore before() const { return before_; }

  // Starts the instance (step "start"). The caller must have recorded that it
  // is starting. Throws as Instance::Start.
  void Start(const HookContext& hook_context);

  // Proves the instance on its own socket (step "health"). Throws as
  // Instance::Prove.
  void Prove(const HookContext& hook_context);

  // After the switch: proves that `current` leads to it (step "live"), asks
  // through the front (step "front"), and restarts the units that follow
  // `current` (step "restart"). Throws as Instance::ProveLive, ProbeFront and
  // RestartUnits.
  void ProveLive(const HookContext& hook_context);
  void RestartFollowers();

 private:
  StepRecorder* recorder_;
  Version version_;
  Instance instance_;
  bool runs_ = false;
  ServiceBefore before_ = ServiceBefore::kRunning;
};

// Tries the release by [trial] beside the live one: starts the trial unit,
// proves it and stops it (steps "start", "trial" and "stop"). The caller must
// have recorded that it is starting. Throws as Instance::Start and
// Instance::Prove.
void TryBesideLive(StepRecorder* recorder, const Version& version,
                   const HookContext& hook_context);

}  // namespace release

#endif  // RELEASE_DEPLOY_INSTANCE_ACTIVATION_H_
