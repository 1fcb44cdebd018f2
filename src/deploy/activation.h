// Makes a release live: switches `current`, has the service take it up, and
// proves it. With [instances] the proof comes before the switch.
#ifndef RELEASE_DEPLOY_ACTIVATION_H_
#define RELEASE_DEPLOY_ACTIVATION_H_

#include <optional>

#include "deploy/deployment_state.h"
#include "deploy/step_recorder.h"
#include "deploy/target_tree.h"
#include "deploy/transaction_spec.h"
#include "service/hook_context.h"
#include "store/journal.h"

namespace release {

// The transaction that an activation is a part of. Everything is borrowed.
struct ActivationParts {
  StepRecorder* recorder;
  Journal* journal;
  TransactionRecord* record;  // a copy of the record on disk, kept up to date
  const TransactionSpec& spec;
  const DeploymentState& state;
  const std::optional<Version>& to;
  LinkChange link;
  const TargetTree* tree;    // null for an adoption
  HookContext hook_context;  // each step fills in its name
};

class Activation {
 public:
  explicit Activation(const ActivationParts& parts)
      : parts_(parts), context_(parts.recorder->context()) {}

  // Runs the steps from the hook pre_activate to the confirmation. Throws the
  // Error of the step that fails; the caller must undo then.
  void Run();

  // With [instances]: starts and proves the live release's instance if it does
  // not run, and does nothing otherwise. Throws as Run does.
  void StartLiveAgain();

  // Without [instances]: has the service take up the live release again, and
  // proves it. Throws as Run does; the undo takes it up once more.
  void RestartService();

 private:
  void ByService();
  void ByInstance();
  void RunHookStep(const std::string& name, const Argv& argv);
  void MarkStarting(ServiceBefore before);
  void Switch();
  // The name must be filled in by the step.
  const HookContext& hook_context() const { return parts_.hook_context; }

  const ActivationParts parts_;
  DeployContext* context_;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_ACTIVATION_H_
