#include "service/unit.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/fake_clock.h"
#include "support/fake_runner.h"
#include "support/fake_unit.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Jobs = std::vector<std::string>;

struct Rig {
  FakeRunner runner;
  FakeClock clock;
  Waiter waiter{&clock};
  FakeUnit fake{&runner};
  Unit unit{"shop.service", seconds(90), &runner, &waiter};
  std::vector<std::string> remarks;

  UnitState Reload(ServiceAction action = ServiceAction::kAuto) {
    return unit.Reload(action, &remarks);
  }
  Error ReloadError(ServiceAction action = ServiceAction::kAuto) {
    return ErrorOf([&] { Reload(action); });
  }
};

CommandResult TimedOut() { return {CommandResult::End::kTimedOut, 0, ""}; }

}  // namespace

TEST_CASE("a unit's properties are read in any order") {
  const UnitState state = ParseUnitState(
      "MainPID=4711\nActiveState=reloading\nJob=0\nnonsense\nNRestarts=2\n"
      "CanReload=yes\nInvocationID=\nControlGroup=/system.slice/a=b.service");
  CHECK(state.main_pid == 4711);
  CHECK(state.running());
  CHECK(state.job.empty());
  CHECK(state.restarts == 2);
  CHECK(state.can_reload);
  CHECK(state.control_group == "/system.slice/a=b.service");
}

TEST_CASE("a unit is stopped, and its failures are cleared") {
  Rig rig;
  rig.unit.Stop();
  CHECK(rig.fake.jobs == Jobs{"stop", "reset-failed"});
  CHECK(rig.unit.Show().active == "inactive");
  rig.fake.on_job = [](const std::string&) { return Exited(1, "no\n"); };
  CHECK(ErrorOf([&] { rig.unit.Stop(); }).code() == ErrorCode::kReloadFailed);
}

TEST_CASE("auto reloads a unit that can, and restarts one that cannot") {
  Rig can;
  can.Reload();
  CHECK(can.fake.jobs == Jobs{"reload"});
  Rig cannot;
  cannot.fake.state.can_reload = false;
  CHECK(cannot.Reload().main_pid == 101);
  CHECK(cannot.fake.jobs == Jobs{"reset-failed", "restart"});
  CHECK(can.remarks.empty());
  CHECK(cannot.remarks.empty());
}

TEST_CASE("an explicit action is carried out as given") {
  Rig restart;
  restart.Reload(ServiceAction::kRestart);
  CHECK(restart.fake.jobs == Jobs{"reset-failed", "restart"});
  Rig reload;
  reload.fake.state.can_reload = false;
  reload.fake.on_job = [](const std::string&) {
    return Exited(1, "Job type reload is not applicable\n");
  };
  const Error error = reload.ReloadError(ServiceAction::kReload);
  CHECK(error.code() == ErrorCode::kReloadFailed);
  CHECK(Says(error, "not applicable"));
  Rig none;
  none.Reload(ServiceAction::kNone);
  CHECK(none.fake.jobs.empty());
}

TEST_CASE("a unit that does not run is started, with a remark") {
  Rig rig;
  rig.fake.Fail();
  rig.Reload(ServiceAction::kReload);
  CHECK(rig.fake.jobs == Jobs{"reset-failed", "start"});
  REQUIRE(rig.remarks.size() == 1);
  CHECK(rig.remarks[0] ==
        "shop.service was not running, it was failed (exit-code, status 3); "
        "started");
}

TEST_CASE("a unit that was started and will not start at boot has a remark") {
  for (const char* state : {"disabled", "enabled", "static", ""}) {
    CAPTURE(state);
    Rig rig;
    rig.fake.Fail();
    rig.fake.state.file_state = state;
    rig.Reload();
    const bool disabled = std::string(state) == "disabled";
    REQUIRE(rig.remarks.size() == (disabled ? 2 : 1));
    if (!disabled) continue;
    CHECK(rig.remarks[1] ==
          "shop.service is not enabled: it will not start at boot; `systemctl "
          "enable shop.service`");
  }
}

TEST_CASE("a unit between two crashes is restarted, not waited for") {
  Rig rig;
  rig.fake.state.active = "activating";
  rig.fake.state.sub = "auto-restart";
  rig.Reload();
  CHECK(rig.fake.jobs == Jobs{"reset-failed", "restart"});
}

TEST_CASE("a unit stuck in an earlier reload is restarted by auto") {
  Rig rig;
  rig.fake.state.active = "reloading";
  rig.Reload();
  CHECK(rig.fake.jobs == Jobs{"reset-failed", "restart"});
  CHECK(rig.remarks.size() == 1);
}

TEST_CASE("the journal's newest lines are reported, the oldest of them first") {
  Rig rig;
  // As `journalctl --reverse` prints them.
  rig.runner.On("journalctl",
                Exited(0,
                       "2026-11-29T08:00:13+0000 web1 shop[812]: two\n"
                       "                                       and more\n"
                       "2026-11-29T08:00:12+0000 web1 shop[812]: one\n"));
  rig.fake.on_job = [](const std::string&) { return Exited(1, "failed\n"); };
  CHECK(Says(rig.ReloadError(),
             "\n  08:00:12 one\n  08:00:13 two\n"
             "                                         and more"));
}

TEST_CASE("the journal takes in what the service said last before it is read") {
  Rig rig;
  rig.fake.on_job = [](const std::string&) { return Exited(1, "failed\n"); };
  // A caller who is not root may not ask for that, and gets the lines there
  // are.
  rig.runner.On("--sync", Exited(1, "Access denied\n"));
  CHECK(Says(rig.ReloadError(), "10:00 shop[100]: Boom"));
  const auto& commands = rig.runner.commands;
  REQUIRE(commands.size() >= 2);
  CHECK(Joined(commands[commands.size() - 2]) == "journalctl --sync");
  CHECK(commands.back().argv[0] == "journalctl");
}

TEST_CASE("a failed job is reported with its status and journal lines") {
  Rig rig;
  rig.unit.SetJournalStart(1795000000);
  rig.fake.on_job = [](const std::string&) {
    return Exited(1, "Job for shop.service failed.\n");
  };
  const Error error = rig.ReloadError();
  CHECK(error.code() == ErrorCode::kReloadFailed);
  CHECK(error.path() == "shop.service");
  CHECK(Says(error, "cannot reload shop.service: exit status 1"));
  CHECK(Says(error, "Job for shop.service failed."));
  CHECK(Says(error, "10:00 shop[100]: Boom"));
  CHECK(Joined(rig.runner.commands.back())
            .find("--reverse --lines=10 --no-pager --quiet "
                  "--output=short-iso "
                  "--since=@1795000000") != std::string::npos);
}

TEST_CASE("a unit that dies while its reload is under way has died") {
  Rig rig;
  rig.fake.on_job = [&](const std::string&) {
    rig.fake.Fail();
    return Exited(1, "Job for shop.service failed.\n");
  };
  CHECK(rig.ReloadError().code() == ErrorCode::kServiceDied);
}

TEST_CASE("a job that does not end in time is cancelled") {
  Rig rig;
  rig.fake.on_job = [&](const std::string&) {
    rig.clock.Advance(seconds(90));
    rig.fake.state.job = "77";
    return TimedOut();
  };
  CHECK(rig.ReloadError().code() == ErrorCode::kReloadTimeout);
  CHECK(rig.fake.jobs == Jobs{"reload", "cancel 77"});
}

TEST_CASE("a job gets the time that is left of the whole limit") {
  Rig rig;
  rig.Reload();
  for (const Command& command : rig.runner.commands) {
    CHECK(command.timeout > Nanoseconds(0));
    CHECK(command.timeout <= seconds(90));
  }
}

TEST_CASE("a reload that returns while still reloading is waited for") {
  Rig rig;
  rig.fake.state.type = "notify";
  rig.fake.on_job = [&](const std::string&) {
    rig.fake.state.active = "reloading";
    rig.clock.At(rig.clock.SinceBoot() + seconds(5),
                 [&] { rig.fake.state.active = "active"; });
    return Exited(0);
  };
  const Nanoseconds start = rig.clock.SinceBoot();
  CHECK(rig.Reload().active == "active");
  CHECK(rig.clock.SinceBoot() - start >= seconds(5));
}

TEST_CASE("a reload that never leaves reloading ends at the time limit") {
  Rig rig;
  rig.fake.on_job = [&](const std::string&) {
    rig.fake.state.active = "reloading";
    return Exited(0);
  };
  const Nanoseconds start = rig.clock.SinceBoot();
  CHECK(rig.ReloadError().code() == ErrorCode::kReloadTimeout);
  CHECK(rig.clock.SinceBoot() - start <= seconds(91));
}

TEST_CASE("a unit that dies just after a reload that succeeded is seen") {
  Rig rig;
  rig.fake.on_job = [&](const std::string&) {
    rig.clock.At(rig.clock.SinceBoot() + milliseconds(120),
                 [&] { rig.fake.Fail(); });
    return Exited(0);
  };
  const Error error = rig.ReloadError();
  CHECK(error.code() == ErrorCode::kServiceDied);
  CHECK(Says(error, "failed (exit-code, status 3)"));
  CHECK(Says(error, "Boom"));
}

TEST_CASE("a unit that systemd restarts over a reload is seen") {
  Rig rig;
  rig.fake.on_job = [&](const std::string&) {
    rig.clock.At(rig.clock.SinceBoot() + milliseconds(120), [&] {
      rig.fake.StartAgain();
      ++rig.fake.state.restarts;
    });
    return Exited(0);
  };
  CHECK(rig.ReloadError().code() == ErrorCode::kServiceRestarted);
}

TEST_CASE("a simple unit that dies just after its restart is seen") {
  Rig rig;
  rig.fake.state.can_reload = false;
  rig.fake.on_job = [&](const std::string&) {
    rig.fake.StartAgain();
    rig.clock.At(rig.clock.SinceBoot() + milliseconds(120),
                 [&] { rig.fake.Fail(); });
    return Exited(0);
  };
  CHECK(rig.ReloadError().code() == ErrorCode::kServiceDied);
}

TEST_CASE("a new main process within one run is not a restart") {
  Rig rig;
  rig.fake.on_job = [&](const std::string&) {
    ++rig.fake.state.main_pid;
    return Exited(0);
  };
  CHECK(rig.Reload().main_pid == 101);
}

TEST_CASE("a oneshot unit is judged by its job alone") {
  Rig rig;
  rig.fake.state.type = "oneshot";
  rig.fake.state.active = "inactive";
  rig.fake.state.can_reload = false;
  rig.fake.on_job = [](const std::string&) { return Exited(0); };
  rig.Reload();
  CHECK(rig.fake.jobs == Jobs{"reset-failed", "restart"});
}

TEST_CASE("a unit that does not exist is refused by name") {
  Rig rig;
  rig.fake.state.load = "not-found";
  rig.fake.state.active = "inactive";
  const Error error = ErrorOf([&] { rig.unit.Show(); });
  CHECK(error.code() == ErrorCode::kReloadFailed);
  CHECK(Says(error, "cannot control \"shop.service\": the unit is not-found"));
}

TEST_CASE("a short failure of systemd to answer is retried") {
  Rig rig;
  int fails = 2;
  rig.runner.On("show", [&](const Command&) {
    if (fails-- > 0) return Exited(1, "Connection reset\n");
    return Exited(0, "LoadState=loaded\nActiveState=active\n");
  });
  CHECK(rig.unit.Show().running());
  fails = 100;
  const Error error = ErrorOf([&] { rig.unit.Show(); });
  CHECK(Says(error, "cannot ask systemd about \"shop.service\""));
  CHECK(Says(error, "Connection reset"));
}

TEST_CASE("watching distinguishes a death, a restart and a running unit") {
  Rig rig;
  const UnitState baseline = rig.unit.Show();
  rig.unit.Watch(baseline);
  rig.fake.StartAgain();
  CHECK(ErrorOf([&] { rig.unit.Watch(baseline); }).code() ==
        ErrorCode::kServiceRestarted);
  rig.fake.state.active = "activating";
  rig.fake.state.sub = "auto-restart";
  CHECK(ErrorOf([&] { rig.unit.Watch(baseline); }).code() ==
        ErrorCode::kServiceDied);
}

}  // namespace release
