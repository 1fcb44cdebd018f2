// Health probes: HTTP, TCP or a command, as [healthcheck] configures.
#ifndef RELEASE_SERVICE_HEALTH_H_
#define RELEASE_SERVICE_HEALTH_H_

#include <functional>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/reason.h"
#include "service/hook_context.h"
#include "service/system.h"
#include "service/waiter.h"

namespace release {

// The address of an HTTP probe: "http://...", "https://..." or
// "unix:SOCKET:PATH". Without ":PATH" a socket is asked for "/".
struct ProbeAddress {
  std::string url;          // with a socket, its host is "localhost"
  std::string unix_socket;  // empty: TCP
};
ProbeAddress ParseProbeUrl(const std::string& url);

// Returns whether `body` contains `expected`, in which "{version}" stands for
// the version. A version at either end of `expected` must be a whole version in
// the body: 1.4.2 is not found in "1.4.21", "11.4.2" or "1.4.2-rc1".
bool BodyMatches(std::string_view body, std::string_view expected,
                 std::string_view version);

// Returns the command of a command probe, without its time limit. Its argv is
// empty for other probes.
Command ProbeCommand(const HealthConfig& config,
                     const HookContext& hook_context);

// Probes once, within `timeout`. The caller must have checked that root may run
// the command, if there is one (os/safe_command.h). Returns nullopt if the
// answer is good or no probe is configured, otherwise a description of the
// answer, such as "status 503, body \"...\"".
Reason Probe(const HealthConfig& config, const System& system,
             const HookContext& hook_context, Nanoseconds timeout);

struct HealthWatch {
  // Called before each probe. Throws if the service died or was restarted.
  std::function<void()> alive = [] {};
  // Returns the service's last log lines, ready to be appended to a message.
  std::function<std::string()> journal = [] { return std::string(); };
};

// Probes every `interval` until the first good answer, which must come within
// `deadline`; then until the answers have stayed good for `min_healthy_time`.
// If no probe is configured, only calls `alive` at the same times. Throws Error
// kHealthDeadline if there was no good answer in time, kHealthLost if a bad one
// followed a good one, kConfigUnsafe if root may not run the command,
// kInterrupted, and what `alive` throws.
void AwaitHealthy(const HealthConfig& config, const System& system,
                  const HookContext& hook_context, const HealthWatch& watch,
                  Waiter* waiter);

}  // namespace release

#endif  // RELEASE_SERVICE_HEALTH_H_
