// The instances of an app, for `status` and `list`.
#ifndef RELEASE_INSPECT_INSTANCE_STATUS_H_
#define RELEASE_INSPECT_INSTANCE_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/drain.h"

namespace release {

struct InstanceStatus {
  Version version;
  InstanceRole role = InstanceRole::kStray;
  bool running = false;
  std::string state;       // systemd's words, "active (running)"
  int pid = 0;             // its main process; 0: none
  std::int64_t since = 0;  // when it started, seconds since 1970; 0: never
  // Clients that are connected; nullopt if they cannot be counted.
  std::optional<unsigned> connections;
};

// Converts a time since boot, as systemd gives it, to seconds since 1970; 0
// stays 0.
std::int64_t WallTime(Clock* clock, Nanoseconds since_boot);

// Returns the instances that systemd has loaded, sorted by version; none
// without [instances]. The live release is in it even if systemd has not loaded
// its instance. Throws Error kReloadFailed if systemd does not answer.
std::vector<InstanceStatus> ReadInstances(DeployContext* context,
                                          const DeploymentState& state);

// Returns a sentence for each thing about the instances that a person should
// look at: the live one does not run, or a stray runs.
std::vector<std::string> InstanceProblems(
    const Config& config, const std::vector<InstanceStatus>& instances);

}  // namespace release

#endif  // RELEASE_INSPECT_INSTANCE_STATUS_H_
