// The commands that change something. Each returns the exit status.
#ifndef RELEASE_CLI_CHANGE_COMMANDS_H_
#define RELEASE_CLI_CHANGE_COMMANDS_H_

#include "cli/options.h"

namespace release {

class Session;
struct DeployContext;

// The host of the session for a command that changes something, with its events
// printed.
DeployContext* Speaking(Session* session);

int RunDeploy(const GlobalOptions& global, const DeployOptions& options);
int RunActivate(const GlobalOptions& global, const ActivateOptions& options);
int RunRollback(const GlobalOptions& global, const RollbackOptions& options);
int RunPrune(const GlobalOptions& global);
int RunPin(const GlobalOptions& global, const PinOptions& options);
int RunRecover(const GlobalOptions& global, const RecoverOptions& options);
int RunConfirm(const GlobalOptions& global);
int RunAbort(const GlobalOptions& global);
int RunNotify(const GlobalOptions& global, const NotifyOptions& options);
int RunInit(const GlobalOptions& global, const InitOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_CHANGE_COMMANDS_H_
