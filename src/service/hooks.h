// Hooks: commands from the configuration, run at fixed points of a transaction.
#ifndef RELEASE_SERVICE_HOOKS_H_
#define RELEASE_SERVICE_HOOKS_H_

#include <functional>
#include <string>

#include "base/config.h"
#include "os/runner.h"
#include "service/hook_context.h"

namespace release {

// How to make a hook safe that root does not run.
inline constexpr char kHookRemedy[] =
    "let only root write it, or set [hooks] user to run hooks as another user";

// Runs the hook `name` in the release's directory, with the variables of
// `hook_context` in its environment, and returns its output (the last 8 KiB).
// Does nothing if `argv` is empty. Calls `keep` with the same output before it
// returns or throws, unless there is none.
//
// The hook runs as `hooks.user`, or as the caller if that is empty. Throws
// Error kConfigUnsafe if that would be root and another user can write what the
// hook executes (os/safe_command.h); kConfigInvalid if there is no such user;
// kHookTimeout if the hook exceeds `hooks.timeout`; kInterrupted if a signal
// stopped it; else kHookFailed. The last lines of the output are in the message
// of kHookTimeout and kHookFailed.
//
// With `hooks.in_unit` the hook runs as a transient systemd unit. Otherwise it
// would inherit the sandbox of the unit that runs this command. The unit is
// stopped if the hook fails, exceeds its time or is interrupted.
std::string RunHook(
    Runner* runner, const std::string& name, const Argv& argv,
    const HooksConfig& hooks, const HookContext& hook_context,
    const std::function<void(const std::string&)>& keep = nullptr);

}  // namespace release

#endif  // RELEASE_SERVICE_HOOKS_H_
