// Takes the service back to the release before, after the link went back.
#ifndef RELEASE_DEPLOY_SERVICE_RETURN_H_
#define RELEASE_DEPLOY_SERVICE_RETURN_H_

#include <optional>

#include "deploy/step_recorder.h"

namespace release {

// Returns the facts for hooks and probes of an undo: the release that is live
// again, and the failure that `outcome` has.
HookContext ContextOfUndo(const Config& config, const TransactionRecord& record,
                          const Ledger& ledger, const Outcome& outcome);

// The end of a return to the earlier release of `hook_context`, after which it
// runs, or does not for the reason `failure`. Runs the hook post_rollback if it
// does; a failure of the hook is only a warning. Returns `failure`; nullopt if
// the machine is going down.
std::optional<Failure> EndReturn(StepRecorder* recorder,
                                 const HookContext& hook_context,
                                 std::optional<Failure> failure);

class ServiceReturn {
 public:
  // Borrows recorder and record. `hook_context` is that of the undo.
  ServiceReturn(StepRecorder* recorder, const TransactionRecord& record,
                const HookContext& hook_context);

  // Reloads the service with the earlier release and checks it as an activation
  // does. Without an earlier release, stops a unit that was stopped before.
  // Returns why the service is not as it was; nullopt if it is, or if the
  // machine is going down. A failing post_rollback hook is only a warning.
  std::optional<Failure> Run();

 private:
  std::optional<Failure> Reload();
  std::optional<Failure> LeaveNoRelease();

  StepRecorder* recorder_;
  const Config& config_;
  const TransactionRecord& record_;
  HookContext hook_context_;
  Service service_;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_SERVICE_RETURN_H_
