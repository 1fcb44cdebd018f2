// A systemd unit behind a FakeRunner: answers `systemctl show` from `state`,
// and records the jobs that the code under test requests.
#ifndef RELEASE_TESTS_SUPPORT_FAKE_UNIT_H_
#define RELEASE_TESTS_SUPPORT_FAKE_UNIT_H_

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

#include "service/unit.h"
#include "support/fake_runner.h"

namespace release {

class FakeUnit {
 public:
  explicit FakeUnit(FakeRunner* runner) {
    state.load = "loaded";
    state.active = "active";
    state.sub = "running";
    state.type = "simple";
    state.result = "success";
    state.control_group = "/system.slice/shop.service";
    state.invocation = "a1";
    state.main_pid = 100;
    state.can_reload = true;
    runner->On("systemctl", [this](const Command& c) { return Answer(c); });
    runner->On("journalctl", Exited(0, "10:00 shop[100]: Boom\n"));
  }

  // Changes the state as if the main process had ended and systemd had started
  // it again by itself.
  void Crash() {
    StartAgain();
    ++state.restarts;
  }
  // Changes the state as a restart does: a new main process, a new invocation.
  void StartAgain() {
    ++state.main_pid;
    state.invocation += "x";
    state.active = "active";
    state.sub = "running";
  }
  void Stop() {
    state.left_active = std::chrono::seconds(500);
    state.main_ended = std::chrono::seconds(501);
    state.active = "inactive";
    state.sub = "dead";
    state.main_pid = 0;
  }
  // Changes the state as if the main process had exited with status 3.
  void Fail() {
    state.main_ended = std::chrono::seconds(500);
    state.left_active = std::chrono::seconds(501);
    state.active = "failed";
    state.sub = "failed";
    state.result = "exit-code";
    state.main_status = 3;
    state.main_pid = 0;
  }

  UnitState state;
  std::string system = "degraded";
  std::vector<std::string> jobs;  // "reload", "restart", "cancel 7", ...
  // Jobs of this program's own units: "restart release-watch@shop.service".
  std::vector<std::string> own_jobs;
  std::function<CommandResult(const std::string& verb)> on_job =
      [this](const std::string& verb) {
        if (verb == "stop") Stop();
        if (verb != "reload" && verb != "stop") StartAgain();
        return Exited(0);
      };

 private:
  static std::int64_t Microseconds(Nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  }
  CommandResult Answer(const Command& command) {
    const std::string& verb = command.argv.at(3);
    if (command.argv.back().starts_with("release-")) {
      own_jobs.push_back(verb + " " + command.argv.back());
      return Exited(0);
    }
    if (verb == "show") return Exited(0, Properties());
    if (verb == "is-system-running") return Exited(1, system + "\n");
    if (verb == "cancel") {
      jobs.push_back("cancel " + command.argv.back());
      return Exited(0);
    }
    jobs.push_back(verb);
    return verb == "reset-failed" ? Exited(0) : on_job(verb);
  }
  std::string Properties() const {
    return fmt::format(
        "Type={}\nMainPID={}\nNRestarts={}\nExecMainStatus={}\nResult={}\n"
        "ControlGroup={}\nLoadState={}\nActiveState={}\nSubState={}\n"
        "CanReload={}\nJob={}\nInvocationID={}\nUnitFileState={}\n"
        "ActiveExitTimestampMonotonic={}\n"
        "ExecMainExitTimestampMonotonic={}\n",
        state.type, state.main_pid, state.restarts, state.main_status,
        state.result, state.control_group, state.load, state.active, state.sub,
        state.can_reload ? "yes" : "no", state.job, state.invocation,
        state.file_state, Microseconds(state.left_active),
        Microseconds(state.main_ended));
  }
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FAKE_UNIT_H_
