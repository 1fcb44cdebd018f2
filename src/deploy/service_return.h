// Takes the service back to the release before, after the link went back.
#ifndef RELEASE_DEPLOY_SERVICE_RETURN_H_
#define RELEASE_DEPLOY_SERVICE_RETURN_H_

#include <optional>

#include "deploy/deploy_context.h"
#include "store/journal.h"

namespace release {

class ServiceReturn {
 public:
  // All pointers are borrowed. Reads the cause and the earlier release from
  // `outcome`, and adds warnings to it.
  ServiceReturn(DeployContext* context, Journal* journal,
                const TransactionRecord& record, Outcome* outcome);

  // Reloads the service with the earlier release and checks it as an activation
  // does. Without an earlier release, stops a unit that was stopped before.
  // Returns why the service is not as it was; nullopt if it is, or if the
  // machine is going down. A failing post_rollback hook is only a warning.
  std::optional<Failure> Run();

 private:
  std::optional<Failure> Reload();
  std::optional<Failure> LeaveNoRelease();
  void RunPostRollback();
  void AddWarnings(std::vector<std::string> remarks);

  DeployContext* context_;
  Journal* journal_;
  const TransactionRecord& record_;
  Outcome* outcome_;
  HookContext hook_context_;
  Service service_;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_SERVICE_RETURN_H_
