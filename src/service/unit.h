// A systemd unit, through systemctl and journalctl.
#ifndef RELEASE_SERVICE_UNIT_H_
#define RELEASE_SERVICE_UNIT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "base/reason.h"
#include "os/runner.h"
#include "service/waiter.h"

namespace release {

// The state of a unit as `systemctl show` reports it, in systemd's words.
struct UnitState {
  std::string id;             // the unit's name
  std::string load;           // "loaded", "not-found", "masked", ...
  std::string active;         // "active", "reloading", "failed", ...
  std::string sub;            // "running", "auto-restart", ...
  std::string type;           // "simple", "notify", ...
  std::string result;         // "success", "exit-code", "timeout", ...
  std::string control_group;  // path from the root of the hierarchy
  std::string invocation;     // an id; changes each time the unit is started
  std::string job;            // the number of a pending job; empty: none
  int main_pid = 0;           // 0: none
  int main_status = 0;        // how the last main process ended
  int restarts = 0;           // automatic ones, since the last manual start
  bool can_reload = false;
  Nanoseconds active_since{0};  // since boot, without suspends; 0: never
  // When it last left "active", and when its main process last ended, both
  // since boot without suspends; 0: never, or systemd has forgotten.
  Nanoseconds left_active{0};
  Nanoseconds main_ended{0};
  std::string file_state;  // "enabled", "disabled", "static", ...

  bool running() const;
  // Not running, and nothing is about to change that.
  bool stopped() const { return active == "inactive" || active == "failed"; }
  // Returns whether somebody had it stopped: it left "active" before its main
  // process ended, not after.
  bool stop_was_asked() const {
    return left_active > Nanoseconds::zero() && main_ended > left_active;
  }
  // A oneshot unit ends when its work is done, so only the result of its job
  // can be checked.
  bool oneshot() const { return type == "oneshot"; }
  // "active (running)", "failed (exit-code, status 3)".
  std::string Describe() const;
  // False if the unit's file can be enabled and is not. Other units, such as
  // static and generated ones, are started by something that is not known here.
  bool starts_at_boot() const { return file_state != "disabled"; }
};

// For a unit that does not start at boot: says so, with the remedy.
std::string NotEnabled(const std::string& unit);

// Parses the output of `systemctl show`. Properties that it lacks keep their
// defaults.
UnitState ParseUnitState(std::string_view properties);

// Every wait throws Error kInterrupted once a signal has asked for a stop.
class Unit {
 public:
  // `timeout` limits each call of Reload as a whole. Runner and waiter are
  // borrowed and must outlive this.
  Unit(std::string name, Duration timeout, Runner* runner, Waiter* waiter);

  const std::string& name() const { return name_; }

  // Returns the unit's state now. Throws Error kReloadFailed if systemd gives
  // no answer, or if the unit is not loaded (e.g. not found or masked) and does
  // not run.
  UnitState Show();

  // Returns the state of each loaded unit that the name, a pattern, matches.
  // Throws Error kReloadFailed if systemd gives no answer.
  std::vector<UnitState> ShowMatching();

  // Makes the unit use its present files: reloads or restarts it as `action`
  // says, or starts it if it does not run. `auto` reloads a unit that can be
  // reloaded, and restarts it if it cannot or if an earlier reload has not
  // ended. Returns the unit's state once it is up; adds to `remarks` for the
  // user. With kNone it only returns the state.
  //
  // Success means that the job succeeded, the unit has left "reloading", and it
  // was still up 300 ms later (50 ms if the service itself reports to systemd
  // that it is ready). Throws Error kReloadFailed, kReloadTimeout, kServiceDied
  // or kServiceRestarted, with the journal's last lines. Cancels a job that did
  // not end in time.
  UnitState Reload(ServiceAction action, std::vector<std::string>* remarks);

  // Stops the unit and clears its failures, so that it is as it was before it
  // was ever started. Returns when it has stopped. Throws Error kReloadFailed
  // or kReloadTimeout.
  void Stop();

  // Has systemd stop the unit, and does not wait for it. Returns why it could
  // not be asked.
  Reason StopLater();

  // Queues the unit's start, and does not wait for it. Returns why it could not
  // be asked.
  Reason StartLater();
  // The same for a start anew: one that runs is stopped first.
  Reason RestartLater();

  // Disables the unit: it no longer starts at boot. Throws Error kReloadFailed.
  void Disable();

  // Returns the unit's state now. Throws Error kServiceDied if the unit does
  // not run, kServiceRestarted if it was started again since `baseline`. If the
  // service hands over to another main process within one run, that is not a
  // restart.
  UnitState Watch(const UnitState& baseline);

  // Returns whether the machine is shutting down; false if systemd does not
  // answer.
  bool MachineGoesDown();

  // Returns the times and texts of this unit's last 10 journal lines since
  // SetJournalStart, ready to be appended to a message. Empty if there are none
  // or they cannot be read.
  std::string Journal();
  // In seconds since 1970. Without this call, Journal returns older lines too.
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
  // Whether the name must match a unit.
  enum class Match { kOne, kAny };
  CommandResult AskState(Match match);
  Reason Queue(const std::string& verb);
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
