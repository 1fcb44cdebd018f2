#include "deploy/activation.h"

#include "deploy/confirmation.h"
#include "deploy/drain.h"
#include "deploy/instance_activation.h"
#include "deploy/release_shape.h"
#include "deploy/reload.h"
#include "deploy/switch.h"

namespace release {

void Activation::Run() {
  if (parts_.link == LinkChange::kTakeOver) {
    parts_.recorder->Step("switch", [&] { Switch(); });
    return;
  }
  // Staging has compared the release if there is an archive. A rollback must
  // not take longer for a large release.
  if (!parts_.spec.archive && parts_.link == LinkChange::kForward) {
    const Reason altered = DescribeAlteration(context_, *parts_.to);
    if (altered) parts_.recorder->Warn(*altered);
  }
  if (context_->config->instances.configured) {
    ByInstance();
  } else {
    ByService();
  }
  if (parts_.link == LinkChange::kForward) {
    RunHookStep("post_activate", context_->config->hooks.post_activate);
  }
  if (parts_.spec.confirm_within) {
    parts_.recorder->Step(
        "confirm",
        [&] {
          AwaitConfirmation(parts_.recorder, *parts_.to,
                            *parts_.spec.confirm_within);
        },
        *parts_.spec.confirm_within);
  }
}

void Activation::RunHookStep(const std::string& name, const Argv& argv) {
  HookContext named = hook_context();
  named.step = name;
  parts_.recorder->RunHookStep(name, argv, named);
}

void Activation::ByService() {
  Service service(context_->config, context_->system);
  service.Observe();
  if (service.WasStopped() && !parts_.record->begin->from_target) {
    parts_.record->service_before = ServiceBefore::kStopped;
  }
  if (parts_.link == LinkChange::kForward) {
    service.RequirePrograms();
    if (context_->config->trial.configured()) {
      Instance::TrialOf(*context_->config, context_->system, *parts_.to)
          .RequirePrograms();
    }
    RunHookStep("pre_activate", context_->config->hooks.pre_activate);
    if (context_->config->trial.configured()) {
      MarkStarting(parts_.record->service_before);
      TryBesideLive(parts_.recorder, *parts_.to, hook_context());
    }
  }
  parts_.recorder->Step("switch", [&] { Switch(); });
  ReloadAndProve(
      parts_.recorder, &service, hook_context(),
      parts_.spec.unchecked ? ReloadProof::kUnchecked : ReloadProof::kRequired);
}

// The order of the steps is that of docs/instances.md: an instance is proved on
// its own socket before any user can reach it.
void Activation::ByInstance() {
  const bool forward = parts_.link == LinkChange::kForward;
  InstanceActivation instance(
      parts_.recorder, *parts_.to,
      forward ? ProofLength::kWhole : ProofLength::kFirstAnswer);
  instance.Observe(parts_.state.live);
  parts_.record->service_before = instance.before();
  if (forward) {
    instance.RequirePossible();
    RunHookStep("pre_activate", context_->config->hooks.pre_activate);
  }
  // An instance that runs is warm if its release was good, else a leftover.
  const LedgerEntry* entry = parts_.state.ledger.Find(*parts_.to);
  const bool good = entry != nullptr && entry->state == ReleaseState::kGood;
  if (!instance.runs() || (forward && !good)) {
    MarkStarting(instance.before());
    instance.Start(hook_context());
  }
  if (!parts_.spec.unchecked) instance.Prove(hook_context());
  parts_.recorder->Step("switch", [&] { Switch(); });
  if (!parts_.spec.unchecked) instance.ProveLive(hook_context());
  instance.RestartFollowers();
}

void Activation::StartLiveAgain() {
  if (!context_->config->instances.configured) return;
  InstanceActivation instance(parts_.recorder, *parts_.to, ProofLength::kWhole);
  instance.Observe(parts_.state.live);
  if (instance.runs()) return;
  instance.RequirePossible();
  MarkStarting(ServiceBefore::kStopped);
  instance.Start(hook_context());
  instance.Prove(hook_context());
  instance.ProveLive(hook_context());
}

void Activation::RestartService() {
  Service service(context_->config, context_->system);
  service.Observe();
  service.RequirePrograms();
  // `current` stays. The line tells recovery that the service has perhaps not
  // taken the release up.
  parts_.journal->Switching(parts_.record->service_before);
  parts_.record->switching = true;
  ReloadAndProve(parts_.recorder, &service, hook_context());
}

// Has the drain unit wait for the end of this transaction, so that an instance
// does not outlive a process that dies.
void Activation::MarkStarting(ServiceBefore before) {
  parts_.journal->Starting(before);
  parts_.record->starting = true;
  parts_.record->service_before = before;
  // Without the unit, the next command that takes the lock stops it.
  if (context_->config->instances.configured) {
    [[maybe_unused]] const Reason unarmed = ArmDrain(context_);
  }
}

void Activation::Switch() {
  Fs* fs = context_->fs;
  TransactionRecord* record = parts_.record;
  const CurrentBefore before = parts_.state.current_is_link
                                   ? CurrentBefore::kLink
                                   : CurrentBefore::kOther;
  RequireUnmoved(fs, *record->begin, before);
  if (parts_.tree != nullptr) parts_.tree->RequireInPlace("activate");
  // Durable before the rename: recovery must know that `current` may change.
  parts_.journal->Switching(record->service_before);
  record->switching = true;
  try {
    const auto remark = SwitchCurrent(fs, *record, before, parts_.link);
    if (remark) parts_.recorder->Warn(*remark);
  } catch (const FsError&) {
    // A rename that was refused is a failure before the switch: nobody has seen
    // the new release.
    record->switching = !IsUnmoved(fs, *record->begin, before);
    throw;
  }
}

}  // namespace release
