#include "inspect/instance_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/instance_names.h"
#include "service/instance.h"
#include "store/warm.h"

namespace release {
namespace {

InstanceStatus StatusOf(DeployContext* context, const ListedInstance& listed,
                        InstanceRole role) {
  const UnitState& state = listed.state;
  InstanceStatus status{
      .version = listed.version,
      .role = role,
      .running = state.running(),
      .state = state.Describe(),
      .pid = state.main_pid,
      .since = WallTime(context->system.clock, state.active_since)};
  if (state.main_pid == 0) return status;
  status.connections = context->system.runner->CountConnections(
      state.main_pid,
      InstanceSocket(context->config->instances, listed.version.name()));
  return status;
}

}  // namespace

std::int64_t WallTime(Clock* clock, Nanoseconds since_boot) {
  if (since_boot == Nanoseconds::zero()) return 0;
  const auto age = clock->SinceBoot() - since_boot;
  return clock->WallSeconds() -
         std::chrono::duration_cast<std::chrono::seconds>(age).count();
}

std::vector<InstanceStatus> ReadInstances(DeployContext* context,
                                          const DeploymentState& state) {
  std::vector<InstanceStatus> found;
  if (!context->config->instances.configured) return found;
  const auto warm = ReadWarm(context->fs, context->system.clock);
  const auto warm_version = warm ? std::optional(warm->version) : std::nullopt;
  for (const ListedInstance& listed :
       ListInstances(*context->config, context->system)) {
    found.push_back(
        StatusOf(context, listed, RoleOf(state, warm_version, listed.version)));
  }
  const auto is_live = [](const InstanceStatus& each) {
    return each.role == InstanceRole::kLive;
  };
  if (state.live && std::none_of(found.begin(), found.end(), is_live)) {
    found.push_back({.version = *state.live,
                     .role = InstanceRole::kLive,
                     .state = "inactive (dead)",
                     .connections = std::nullopt});
  }
  return found;
}

std::vector<std::string> InstanceProblems(
    const Config& config, const std::vector<InstanceStatus>& instances) {
  std::vector<std::string> problems;
  for (const InstanceStatus& each : instances) {
    const std::string unit =
        InstanceUnit(config.service.unit, each.version.name());
    if (each.role == InstanceRole::kLive && !each.running) {
      problems.push_back(fmt::format(
          "the instance {} of the live release does not run: it is {}; "
          "`release start` starts it",
          unit, each.state));
    }
    if (each.role == InstanceRole::kStray && each.running) {
      problems.push_back(fmt::format(
          "{} runs but belongs to no release of this root; `systemctl stop "
          "'{}'` ends it",
          unit, unit));
    }
  }
  return problems;
}

}  // namespace release
