// Probes: is the service healthy, and does it stay so?
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

// Where a probe goes: "http://...", "https://..." or "unix:SOCKET:PATH".
struct ProbeAddress {
  std::string url;
  std::string unix_socket;  // empty: TCP
};
ProbeAddress ParseProbeUrl(const std::string& url);

// Whether `body` has `expected` in it, "{version}" standing for the version. A
// version at either end of `expected` must not go on in the body: 1.4.2 is not
// found in "1.4.21", "11.4.2" or "1.4.2-rc1".
bool BodyMatches(std::string_view body, std::string_view expected,
                 std::string_view version);

// One probe, within `timeout`. Nullopt if the answer is good, otherwise what
// it was: "status 503, body \"...\"".
Reason Probe(const HealthConfig& config, const System& system,
             const HookContext& hook_context, Nanoseconds timeout);

struct HealthWatch {
  // Called before each probe; throws where the service is not the run it was.
  std::function<void()> alive = [] {};
  // What the service logged, to be appended to a message.
  std::function<std::string()> journal = [] { return std::string(); };
};

// Probes each `interval` until the first good answer, which must come within
// `deadline`, then until the answers have stayed good for `min_healthy_time`.
// Where no probe is configured, only watches for `min_healthy_time`. Throws
// Error kHealthDeadline or kHealthLost, and what `alive` throws.
void AwaitHealthy(const HealthConfig& config, const System& system,
                  const HookContext& hook_context, const HealthWatch& watch,
                  Waiter* waiter);

}  // namespace release

#endif  // RELEASE_SERVICE_HEALTH_H_
