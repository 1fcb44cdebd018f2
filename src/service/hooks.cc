#include "service/hooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "os/as_user.h"
#include "os/cancellation.h"
#include "os/safe_command.h"
#include "service/last_lines.h"

namespace release {
namespace {

// The most output kept of a hook, in bytes. It goes into the transaction
// record, whose reserved space is limited (store/spare_records.h).
constexpr std::size_t kKeptOutput = 8 * 1024;

// The limit for `systemctl stop`: above systemd's default of 90 s, after which
// it kills the unit's processes.
constexpr Duration kStopTime = std::chrono::seconds(100);

std::string UnitName(const std::string& name, const HookContext& hook_context) {
  return fmt::format("release-hook-{}-{:06}-{}.service", hook_context.app,
                     hook_context.transaction, name);
}

// Doubles each "$": systemd replaces variables in the arguments of a unit's
// command.
std::string Literal(const std::string& argument) {
  std::string literal;
  for (const char c : argument) literal += c == '$' ? "$$" : std::string(1, c);
  return literal;
}

// Returns a command that has systemd start the hook and waits for its end.
Argv ThroughSystemd(const std::string& unit, const Command& hook,
                    const std::string& user) {
  Argv argv = {"systemd-run",    "--quiet",
               "--wait",         "--pipe",
               "--collect",      "--service-type=exec",
               "--unit=" + unit, "--working-directory=" + hook.directory};
  for (const auto& [key, value] : hook.env) {
    argv.push_back(fmt::format("--setenv={}={}", key, value));
  }
  if (!user.empty()) argv.push_back("--uid=" + user);
  argv.push_back("--");
  argv.push_back(hook.argv[0]);
  std::transform(hook.argv.begin() + 1, hook.argv.end(),
                 std::back_inserter(argv), Literal);
  return argv;
}

// Stops what may be left of a hook. A stop request must not cut that short.
CommandResult StopUnit(Runner* runner, const std::string& unit) {
  const CancellationShield hold;
  Command stop;
  stop.argv = {"systemctl", "stop", unit};
  stop.timeout = kStopTime;
  return runner->Run(stop);
}

CommandResult RunInUnit(Runner* runner, const std::string& unit,
                        const Command& hook, const std::string& user) {
  Command started = hook;
  started.argv = ThroughSystemd(unit, hook, user);
  started.env.clear();
  started.directory.clear();
  CommandResult result = runner->Run(started);
  if (result.ok()) return result;
  // If systemd-run is killed, e.g. at the timeout, the unit goes on.
  const CommandResult stopped = StopUnit(runner, unit);
  constexpr int kNotLoaded = 5;  // the unit has ended by itself
  const bool ended = stopped.end == CommandResult::End::kExited &&
                     stopped.status == kNotLoaded;
  if (!stopped.ok() && !ended) {
    result.output += fmt::format("\ncannot stop {}, it may still run: {}\n",
                                 unit, stopped.Describe());
  }
  return result;
}

// Starts the hook as its user, or as root if that is safe.
CommandResult Start(Runner* runner, const std::string& name,
                    const Command& command, const HooksConfig& hooks,
                    const HookContext& hook_context) {
  if (hooks.user.empty()) {
    RequireSafeForRoot(fmt::format("the {} hook", name), command,
                       hook_context.Releases(), kHookRemedy);
  }
  if (hooks.in_unit) {
    // Outside a unit AsUser requires the user.
    if (!hooks.user.empty()) RequireUser(hooks.user);
    return RunInUnit(runner, UnitName(name, hook_context), command, hooks.user);
  }
  return runner->Run(hooks.user.empty() ? command
                                        : AsUser(command, hooks.user));
}

}  // namespace

std::string RunHook(Runner* runner, const std::string& name, const Argv& argv,
                    const HooksConfig& hooks, const HookContext& hook_context,
                    const std::function<void(const std::string&)>& keep) {
  if (argv.empty()) return "";
  Command command;
  command.argv = argv;
  command.env = hook_context.Environment();
  command.directory = hook_context.Directory().string();
  command.timeout = hooks.timeout;
  command.max_output = kKeptOutput;
  const CommandResult result =
      Start(runner, name, command, hooks, hook_context);
  if (keep && !result.output.empty()) keep(result.output);
  if (result.ok()) return result.output;
  const bool timed_out = result.end == CommandResult::End::kTimedOut;
  // A signal that asks for a stop also ends the hook; do not blame the hook.
  if (!timed_out && InterruptSignal() != 0) {
    throw Error(ErrorCode::kInterrupted,
                fmt::format("cannot finish the {} hook: stopped by signal {}",
                            name, InterruptSignal()));
  }
  const std::string how = timed_out
                              ? "no end within " + FormatDuration(hooks.timeout)
                              : result.Describe();
  throw Error(timed_out ? ErrorCode::kHookTimeout : ErrorCode::kHookFailed,
              fmt::format("cannot go on: the {} hook {} failed: {}{}", name,
                          Quoted(argv[0]), how, LastLines(result.output, 10)),
              argv[0]);
}

}  // namespace release
