#include "cli/instance_commands.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "cli/change_commands.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/session.h"
#include "deploy/drain.h"
#include "inspect/instance_status.h"

namespace release {
namespace {

void RequireInstances(const Config& config) {
  if (config.instances.configured) return;
  throw Error(ErrorCode::kUsage,
              "cannot drain: the configuration has no [instances]");
}

int PrintStartPlan(const GlobalOptions& global, Session* session) {
  const DeploymentState state = ReadDeploymentState(session->fs());
  return PrintPlan(global, CommandId::kStart,
                   {state.live ? fmt::format("start {}", state.live->name())
                               : "nothing: no release is live"});
}

int PrintDrainPlan(const GlobalOptions& global, Session* session) {
  const DeploymentState state = ReadDeploymentState(session->fs());
  std::vector<std::string> steps;
  for (const InstanceStatus& each : ReadInstances(session->context(), state)) {
    if (!each.running || each.role != InstanceRole::kDraining) continue;
    steps.push_back(
        fmt::format("stop the instance of {}", each.version.name()));
  }
  if (steps.empty()) steps.emplace_back("nothing: every instance is needed");
  return PrintPlan(global, CommandId::kDrain, steps);
}

}  // namespace

int RunStart(const GlobalOptions& global) {
  Session session(global);
  if (global.dry_run) return PrintStartPlan(global, &session);
  const Outcome outcome = StartLive(Speaking(&session));
  if (global.json) PrintJson(OutcomeJson(global.subject, outcome));
  Say(global, fmt::format("{} {}", outcome.current,
                          outcome.result == Result::kUnchanged
                              ? "runs already"
                              : "is starting; `release status` shows it"));
  return static_cast<int>(outcome.exit);
}

int RunDrain(const GlobalOptions& global) {
  Session session(global);
  RequireInstances(session.config());
  if (global.dry_run) return PrintDrainPlan(global, &session);
  DeployContext* context = Speaking(&session);
  // The transaction that asked for it may still run.
  if (context->wait == Nanoseconds::zero()) context->wait = Nanoseconds::max();
  std::vector<DrainedInstance> drained;
  const auto report = [&](const DrainedInstance& each) {
    drained.push_back(each);
    Say(global, fmt::format("stopped the instance of {}; {} connection{} open",
                            each.version.name(), each.cut,
                            each.cut == 1 ? " was" : "s were"));
  };
  try {
    Drain(context, report);
  } catch (const Error& error) {
    // The next transaction drains again.
    if (error.code() != ErrorCode::kInterrupted) throw;
    Say(global, "stopped waiting");
  }
  if (global.json) PrintJson(DrainJson(global.subject, drained));
  return 0;
}

}  // namespace release
