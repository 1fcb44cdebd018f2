// The running service: have it take up a release, and prove that it did.
#ifndef RELEASE_SERVICE_SERVICE_H_
#define RELEASE_SERVICE_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/reason.h"
#include "service/hook_context.h"
#include "service/system.h"

namespace release {

// One app's service. Without [service] and [healthcheck] every call succeeds
// at once: then the swap alone is the activation.
//
// Every wait ends with Error kInterrupted once a signal has asked for a stop;
// who undoes after that clears the signal first (os/interrupt.h).
class Service {
 public:
  // The config must outlive this.
  Service(const Config* config, System system);
  ~Service();

  // Called at least every 100 ms of each wait between questions to the system;
  // it may throw, to end the wait.
  void SetWaitCallback(std::function<void()> callback);

  // What is true before a transaction touches anything: whether the unit runs,
  // its main process and restart count. Remembered for the checks after it.
  // Throws Error kReloadFailed where there is no such unit, or no systemd.
  void Observe();

  // Has the service take up what `current` names now, within [service] timeout:
  // a unit is reloaded or restarted, or started where it does not run; a
  // pidfile's process is sent the signal; a command is run. Returns remarks for
  // the user, e.g. that the unit was not running and has been started. Throws
  // Error kReloadFailed, kReloadTimeout, or kServiceDied or kServiceRestarted
  // where the service ended over it, with the unit's last journal lines.
  std::vector<std::string> Reload(const HookContext& hook_context);

  // Checks that the service's processes run the release of the occasion (the
  // rule: service/running_check.h); waits up to [service] timeout for old ones
  // to end. Returns remarks, e.g. that nothing can be seen. Throws Error
  // kServiceRunsOldRelease naming the pids, kServiceDied or kServiceRestarted.
  // Does nothing with action = "none" or running_check = "off".
  std::vector<std::string> CheckRunning(const HookContext& hook_context);

  // Probes until the first good answer, then until it has stayed good for
  // min_healthy_time, watching the service meanwhile. Without [healthcheck] a
  // unit or pidfile is still watched for min_healthy_time. Throws Error
  // kHealthDeadline (never good in time), kHealthLost (good, then not),
  // kServiceDied or kServiceRestarted, with the last answer's status and the
  // start of its body, and the journal's lines.
  void CheckHealth(const HookContext& hook_context);

  // Whether systemd is about to stop everything, the unit included: then there
  // is no service to take along. False without a unit.
  bool MachineGoesDown();

  // One probe, for status: nullopt if it is healthy or nothing is configured,
  // otherwise what is wrong.
  Reason ProbeOnce(const HookContext& hook_context);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_SERVICE_SERVICE_H_
