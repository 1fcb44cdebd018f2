// Undoes what a transaction did to instances, in the order that keeps users
// served: the earlier instance runs before the link goes back to it, and the
// new one is stopped only after that is durable.
#ifndef RELEASE_DEPLOY_INSTANCE_UNDO_H_
#define RELEASE_DEPLOY_INSTANCE_UNDO_H_

#include <optional>

#include "deploy/recovery.h"
#include "deploy/step_recorder.h"
#include "service/instance.h"

namespace release {

class InstanceUndo {
 public:
  // Borrows all but `hook_context`, which is that of the undo.
  InstanceUndo(StepRecorder* recorder, const TransactionRecord& record,
               const RecoveryPlan& plan, const HookContext& hook_context);

  // Before the link goes back: starts the earlier release's instance if it ran
  // when the transaction began and has died since. Usually it still runs.
  // Returns why it could not be started.
  std::optional<Failure> StartEarlier();

  // After StartEarlier, and after the link went back: restarts the units that
  // follow `current`, and checks that the earlier release answers, or warns
  // that it does not run because it did not before. Without one, stops these
  // units. Returns why the service is not as it was; `earlier` is the reason of
  // StartEarlier. A failing post_rollback hook is only a warning.
  std::optional<Failure> Return(const std::optional<Failure>& earlier);

  // Stops the instance or the trial that the transaction started. A failure is
  // only a warning: the next drain tries again.
  void StopNew();

 private:
  std::optional<Failure> ProveEarlier();

  StepRecorder* recorder_;
  const Config& config_;
  const TransactionRecord& record_;
  const RecoveryPlan& plan_;
  HookContext hook_context_;
  std::optional<Version> earlier_;
  // The earlier release's, if it must run and StartEarlier succeeded.
  std::optional<Instance> instance_;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_INSTANCE_UNDO_H_
