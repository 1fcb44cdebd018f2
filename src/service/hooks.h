// Hooks: commands of the app's owner, run at fixed points of a transaction.
#ifndef RELEASE_SERVICE_HOOKS_H_
#define RELEASE_SERVICE_HOOKS_H_

#include <functional>
#include <string>

#include "base/config.h"
#include "os/runner.h"
#include "service/hook_context.h"

namespace release {

// Runs the hook, in the release's directory, with the occasion in its
// environment, and returns what it printed. An empty argv runs nothing. Throws
// Error kConfigUnsafe where root would run a program of the release that
// somebody else can write, else kHookFailed or kHookTimeout, whose message
// names the hook, how it ended and the last lines of its output. Either way
// `keep` is given what it printed, unless that is nothing. Of much output all
// this is the last 8 KiB.
//
// With `hooks.in_unit` it runs as a transient unit of its own: a command that
// runs confined by its own unit would else confine the hook, too. The unit is
// stopped where the hook's time is over or an interrupt came.
std::string RunHook(
    Runner* runner, const std::string& name, const Argv& argv,
    const HooksConfig& hooks, const HookContext& hook_context,
    const std::function<void(const std::string&)>& keep = nullptr);

}  // namespace release

#endif  // RELEASE_SERVICE_HOOKS_H_
