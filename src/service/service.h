// The running service: reloads it, checks that it runs the new release, and
// probes its health.
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
#include "service/unit.h"

namespace release {

// The service of one app. Without [service] and [healthcheck] every call
// succeeds at once; the swap of `current` is then the whole activation.
//
// Every wait throws as ThrowIfCancelled does once the command must stop. A
// caller that then undoes needs a CancellationShield (os/cancellation.h).
class Service {
 public:
  // The config must outlive this.
  Service(const Config* config, System system);
  ~Service();

  // Stores the service's state before a transaction changes anything: whether
  // the unit runs, its main process and its restart count. The later checks
  // compare with it. Throws Error kReloadFailed if there is no such unit or
  // systemd does not answer.
  void Observe();
  // The same for a unit that runs, from what systemd has just reported of it.
  void Observe(const UnitState& state);

  // Throws Error kProgramMissing if a program is missing that Reload or
  // CheckHealth would start: then every release would fail after its switch.
  // Does not look for programs below the root, which a release may bring.
  void RequirePrograms();

  // Returns whether the unit was stopped, or had failed, when Observe looked.
  // False without a unit, and for a oneshot unit, which stops by itself.
  bool WasStopped() const;

  // Stops the unit, within [service] timeout. Does nothing without a unit.
  // Throws Error kReloadFailed or kReloadTimeout.
  void Stop();

  // Makes the service use the release that `current` names now, within
  // [service] timeout. Reloads or restarts a unit, or starts it if it does not
  // run; sends a pidfile's process the signal; runs a command. Returns remarks
  // for the user, e.g. that the unit was not running and has been started.
  // Throws Error kReloadFailed or kReloadTimeout; kServiceDied or
  // kServiceRestarted if the service ended because of it. With a unit, the
  // message has the unit's last journal lines.
  std::vector<std::string> Reload(const HookContext& hook_context);

  // Checks that the service's processes run the release that `hook_context`
  // names (the rules: service/running_check.h). Waits up to [service] timeout
  // for old processes to end. Returns remarks, e.g. that no process uses a
  // release. Calls `say` with a sentence for the user when that takes long.
  // Throws Error kServiceRunsOldRelease, which names the pids and the remedy,
  // kServiceDied or kServiceRestarted. Does nothing with action = "none" or
  // running_check = "off".
  std::vector<std::string> CheckRunning(
      const HookContext& hook_context,
      const std::function<void(const std::string&)>& say = {});

  // Throws Error kServiceDied or kServiceRestarted if the service ended since
  // it was last taken up. Does nothing with a reload command.
  void RequireAlive();

  // Looks once, without asking systemd, whether the observed unit's processes
  // use only another release than the one that `hook_context` names. False in
  // the cases in which CheckRunning does nothing.
  bool UsesOtherRelease(const HookContext& hook_context);

  // Returns the unit's last journal lines, as Unit::Journal does, and its
  // control group. Both are empty without a unit. The latter asks systemd only
  // if the unit was neither observed nor reloaded, and throws Error
  // kReloadFailed if systemd does not answer.
  std::string Journal();
  std::string ControlGroup();

  // Probes until the first good answer, then until the answers have stayed good
  // for min_healthy_time, and watches the service meanwhile. Without
  // [healthcheck] it still watches a unit or pidfile for min_healthy_time.
  // Throws Error kHealthDeadline if there was no good answer in time,
  // kHealthLost if a bad one followed a good one, kServiceDied or
  // kServiceRestarted. The message has the last answer and, with a unit, the
  // last journal lines.
  void CheckHealth(const HookContext& hook_context);

  // Returns whether the machine is shutting down. systemd then stops the unit
  // too, so there is no service to reload. False without a unit.
  bool MachineGoesDown();

  // Probes once, for `status`. Returns nullopt if the service is healthy or no
  // probe is configured, otherwise a description of the problem.
  Reason ProbeOnce(const HookContext& hook_context);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_SERVICE_SERVICE_H_
