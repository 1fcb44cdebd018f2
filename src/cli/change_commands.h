// The commands that change something.
//
// Each prints its outcome and returns the exit status; with --dry-run it prints
// a plan and changes nothing. Each throws Error if no transaction could begin,
// as for wrong options, a configuration that cannot be used, or a busy lock.
#ifndef RELEASE_CLI_CHANGE_COMMANDS_H_
#define RELEASE_CLI_CHANGE_COMMANDS_H_

#include "cli/options.h"

namespace release {

class Session;
struct DeployContext;

// Prepares a session for a command that changes something: checks that only
// root can write if this runs as root, and prints the events from now on.
// Returns the session's own context. Throws Error as RequireOnlyRootWrites.
DeployContext* Speaking(Session* session);

// Has the instances ended that a transaction left idle, in a background process
// if possible. Call after the outcome has been reported.
void EndIdleInstances(DeployContext* context);

int RunDeploy(const GlobalOptions& global, const DeployOptions& options);
int RunActivate(const GlobalOptions& global, const ActivateOptions& options);
int RunRollback(const GlobalOptions& global, const RollbackOptions& options);
int RunRestart(const GlobalOptions& global);
int RunPrune(const GlobalOptions& global);
int RunPin(const GlobalOptions& global, const PinOptions& options);
int RunRecover(const GlobalOptions& global, const RecoverOptions& options);
int RunConfirm(const GlobalOptions& global);
int RunAbort(const GlobalOptions& global);
int RunNotify(const GlobalOptions& global, const NotifyOptions& options);
int RunInit(const GlobalOptions& global, const InitOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_CHANGE_COMMANDS_H_
