// A systemd unit, through systemctl and journalctl.
#ifndef RELEASE_SERVICE_UNIT_H_
#define RELEASE_SERVICE_UNIT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "os/runner.h"
#include "service/waiter.h"

namespace release {

// What systemd says about a unit, in systemd's words.
struct UnitState {
  std::string load;           // "loaded", "not-found", "masked", ...
  std::string active;         // "active", "reloading", "failed", ...
  std::string sub;            // "running", "auto-restart", ...
  std::string type;           // "simple", "notify", ...
  std::string result;         // "success", "exit-code", "timeout", ...
  std::string control_group;  // below the root of the hierarchy
  std::string invocation;     // another one each time the unit is started
  std::string job;            // the number of a pending job, or empty
  int main_pid = 0;           // 0: none
  int main_status = 0;        // how the last main process ended
  int restarts = 0;           // by systemd itself, since it was last asked to
  bool can_reload = false;

  bool running() const;
  // Whether it is meant to end: then its job's result is all there is to see.
  bool oneshot() const { return type == "oneshot"; }
  // "active (running)", "failed (exit-code, status 3)".
  std::string Describe() const;
};

// Reads the output of `systemctl show`; what is not there stays as it is.
UnitState ParseUnitState(std::string_view properties);

class Unit {
 public:
  // `timeout` limits each call of Reload as a whole. Runner and waiter are
  // borrowed.
  Unit(std::string name, Duration timeout, Runner* runner, Waiter* waiter);

  const std::string& name() const { return name_; }

  // Throws Error kReloadFailed where systemd gives no answer or has no such
  // unit.
  UnitState Show();

  // Has the unit take up what its files say now: reloads or restarts it as
  // `action` says, or starts it where it does not run. `auto` reloads where the
  // unit can, and restarts it where it cannot or where an earlier reload has
  // not ended. Returns, once it is up, its state; adds to `remarks`.
  //
  // Success means: the job ended well, the unit has left "reloading", and,
  // where systemd is not told by the service itself that it is ready, the unit
  // was still up 300 ms later. Throws Error kReloadFailed, kReloadTimeout or
  // kServiceDied, with the journal's last lines. A job that did not end in
  // time is cancelled.
  UnitState Reload(ServiceAction action, std::vector<std::string>* remarks);

  // Throws Error kServiceRestarted or kServiceDied where the unit is no longer
  // the run that `baseline` shows. A main process that the service itself has
  // handed over, within one run, is no restart.
  void Watch(const UnitState& baseline);

  // Whether systemd is about to stop everything.
  bool MachineGoesDown();

  // The journal's last 20 lines of this unit since SetJournalStart, ready to be
  // appended to a message. Empty where there are none.
  std::string Journal();
  void SetJournalStart(std::int64_t wall_seconds) { since_ = wall_seconds; }

 private:
  std::string Choose(ServiceAction action, const UnitState& before,
                     std::vector<std::string>* remarks) const;
  void RunJob(const std::string& verb, const UnitState& before,
              Nanoseconds deadline);
  UnitState AwaitSettled(const std::string& verb, const UnitState& before,
                         Nanoseconds deadline);
  UnitState AwaitLeft(const std::string& verb, Nanoseconds deadline);
  void CancelJob();
  CommandResult Systemctl(const Argv& arguments, Nanoseconds timeout);
  [[noreturn]] void Fail(ErrorCode code, const std::string& verb,
                         const std::string& reason);

  std::string name_;
  Duration timeout_;
  Runner* runner_;
  Waiter* waiter_;
  std::int64_t since_ = 0;
};

}  // namespace release

#endif  // RELEASE_SERVICE_UNIT_H_
