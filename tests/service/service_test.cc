#include "service/service.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <fstream>

#include "os/cancellation.h"
#include "support/expect_error.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/fake_runner.h"
#include "support/fake_unit.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Rig {
  Rig() {
    hook_context.root = "/srv/shop";
    hook_context.version = "1.4.2";
    pidfile = (boost::filesystem::temp_directory_path() /
               boost::filesystem::unique_path())
                  .string();
  }
  ~Rig() { boost::filesystem::remove(pidfile); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  void WritePidfile(int pid) {
    std::ofstream(pidfile) << pid << "\n";
    boost::filesystem::permissions(pidfile, boost::filesystem::perms(0644));
  }

  // Observes, reloads and checks the service, as a transaction does.
  std::vector<std::string> Activate() {
    Service service(&config, {&runner, &http, &clock});
    service.Observe();
    auto remarks = service.Reload(hook_context);
    for (const auto& remark : service.CheckRunning(hook_context)) {
      remarks.push_back(remark);
    }
    service.CheckHealth(hook_context);
    return remarks;
  }
  ErrorCode FailureCode() {
    return ErrorOf([&] { Activate(); }).code();
  }

  Config config;
  FakeRunner runner;
  FakeHttp http;
  FakeClock clock;
  FakeUnit unit{&runner};
  HookContext hook_context;
  std::string pidfile;
};

// As systemd names it.
std::string OwnControlGroup() {
  std::ifstream file("/proc/self/cgroup");
  std::string group;
  for (std::string line; std::getline(file, line);) {
    group = line.substr(line.find(":/") + 1);
  }
  return group;
}

}  // namespace

TEST_CASE("a unit that does not run is known as stopped, and can be stopped") {
  for (const char* active : {"inactive", "failed", "active", "activating"}) {
    CAPTURE(active);
    Rig rig;
    rig.config.service.unit = "shop.service";
    rig.unit.state.active = active;
    Service service(&rig.config, {&rig.runner, &rig.http, &rig.clock});
    CHECK(!service.WasStopped());
    service.Observe();
    CHECK(service.WasStopped() == (active == std::string("inactive") ||
                                   active == std::string("failed")));
    service.Stop();
    CHECK(rig.unit.state.active == "inactive");
  }
}

TEST_CASE("a oneshot unit and a service without a unit are never stopped") {
  Rig rig;
  rig.unit.state.active = "inactive";
  rig.unit.state.type = "oneshot";
  for (const char* unit : {"shop.service", ""}) {
    rig.config.service.unit = unit;
    Service service(&rig.config, {&rig.runner, &rig.http, &rig.clock});
    service.Observe();
    CHECK(!service.WasStopped());
  }
  Service(&rig.config, {&rig.runner, &rig.http, &rig.clock}).Stop();
  CHECK(rig.unit.jobs.empty());
}

TEST_CASE("nothing configured: every call succeeds at once") {
  Rig rig;
  const Nanoseconds start = rig.clock.SinceBoot();
  CHECK(rig.Activate().empty());
  CHECK(rig.clock.SinceBoot() == start);
  CHECK(rig.runner.commands.empty());
  CHECK(rig.http.requests.empty());
}

TEST_CASE("a unit is reloaded, checked and watched") {
  Rig rig;
  rig.config.service.unit = "shop.service";
  rig.config.health.url = "http://127.0.0.1/up";
  const auto remarks = rig.Activate();
  CHECK(rig.unit.jobs == std::vector<std::string>{"reload"});
  CHECK(remarks.size() == 1);  // no process is seen to use the release
  CHECK(rig.http.requests.size() == 6);
}

TEST_CASE("a unit without a health check is watched all the same") {
  Rig rig;
  rig.config.service.unit = "shop.service";
  rig.clock.At(rig.clock.SinceBoot() + seconds(2), [&] { rig.unit.Fail(); });
  CHECK(rig.FailureCode() == ErrorCode::kServiceDied);
}

TEST_CASE("a unit that systemd restarts in the health window is caught") {
  Rig rig;
  rig.config.service.unit = "shop.service";
  rig.config.health.url = "http://127.0.0.1/up";
  rig.clock.At(rig.clock.SinceBoot() + seconds(2), [&] {
    rig.unit.StartAgain();
    ++rig.unit.state.restarts;
  });
  const Error error = ErrorOf([&] { rig.Activate(); });
  CHECK(error.code() == ErrorCode::kServiceRestarted);
  CHECK(Says(error, "Boom"));
}

TEST_CASE("our own restart of a unit does not count as a crash") {
  Rig rig;
  rig.config.service.unit = "shop.service";
  rig.config.service.action = ServiceAction::kRestart;
  rig.Activate();
  CHECK(rig.unit.state.main_pid == 101);
}

TEST_CASE("a failed probe of a unit shows the journal") {
  Rig rig;
  rig.config.service.unit = "shop.service";
  rig.config.health.url = "http://127.0.0.1/up";
  rig.http.answer = [](const HttpRequest&) {
    return HttpResponse{502, "bad", ""};
  };
  const Error error = ErrorOf([&] { rig.Activate(); });
  CHECK(error.code() == ErrorCode::kHealthDeadline);
  CHECK(Says(error, "status 502, body \"bad\""));
  CHECK(Says(error, "Boom"));
}

TEST_CASE("with action none the service is not reloaded, only watched") {
  Rig rig;
  rig.config.service.unit = "shop.service";
  rig.config.service.action = ServiceAction::kNone;
  rig.Activate();
  CHECK(rig.unit.jobs.empty());
  rig.clock.At(rig.clock.SinceBoot() + seconds(1), [&] { rig.unit.Fail(); });
  CHECK(rig.FailureCode() == ErrorCode::kServiceDied);
  rig.Activate();  // it did not run before, so that is no failure of ours
}

TEST_CASE("a machine that shuts down is recognized") {
  Rig rig;
  const System system{&rig.runner, &rig.http, &rig.clock};
  rig.unit.system = "stopping";
  CHECK_FALSE(Service(&rig.config, system).MachineGoesDown());
  rig.config.service.unit = "shop.service";
  CHECK(Service(&rig.config, system).MachineGoesDown());
  rig.unit.system = "degraded";
  CHECK_FALSE(Service(&rig.config, system).MachineGoesDown());
}

TEST_CASE("a pidfile's process gets the signal and must survive it") {
  Rig rig;
  rig.config.service.pidfile = rig.pidfile;
  rig.config.service.signal = "USR1";
  rig.WritePidfile(4711);
  rig.runner.alive = {4711};
  rig.Activate();
  CHECK(rig.runner.signals == std::vector<std::pair<int, int>>{{4711, 10}});

  rig.runner.on_signal = [&](int) { rig.runner.alive.clear(); };
  CHECK(rig.FailureCode() == ErrorCode::kServiceDied);
}

TEST_CASE("a process that hands over its pidfile has not died") {
  Rig rig;
  rig.config.service.pidfile = rig.pidfile;
  rig.WritePidfile(4711);
  rig.runner.alive = {4711};
  rig.clock.At(rig.clock.SinceBoot() + seconds(1), [&] {
    rig.WritePidfile(4712);
    rig.runner.alive = {4712};
  });
  rig.Activate();
}

TEST_CASE("a pidfile without a living process cannot be signalled") {
  Rig rig;
  rig.config.service.pidfile = rig.pidfile;
  rig.hook_context.previous = "1.4.1";
  CHECK(rig.FailureCode() == ErrorCode::kReloadFailed);
  rig.WritePidfile(4711);
  CHECK(rig.FailureCode() == ErrorCode::kReloadFailed);
  rig.runner.alive = {4711};
  rig.config.service.signal = "WHAT";
  rig.runner.signals.clear();
  CHECK(rig.FailureCode() == ErrorCode::kReloadFailed);
  CHECK(rig.runner.signals.empty());
}

TEST_CASE("the first release of all needs no pidfile") {
  Rig rig;
  rig.config.service.pidfile = rig.pidfile;
  const auto remarks = rig.Activate();
  REQUIRE(remarks.size() == 2);
  CHECK(remarks[0] == "the service does not run, there is no " + rig.pidfile +
                          ": start it now");
  CHECK(rig.runner.signals.empty());
}

TEST_CASE("a pidfile that is not to be trusted is refused before a change") {
  Rig rig;
  rig.config.service.pidfile = rig.pidfile;
  rig.WritePidfile(0);
  Service service(&rig.config, {&rig.runner, &rig.http, &rig.clock});
  CHECK(ErrorOf([&] { service.Observe(); }).code() == ErrorCode::kReloadFailed);
}

TEST_CASE("a reload command must succeed within its time limit") {
  Rig rig;
  rig.config.service.command = {"/bin/reload-it"};
  rig.Activate();
  REQUIRE(rig.runner.Count("/bin/reload-it") == 1);
  CHECK(rig.runner.commands[0].timeout == seconds(90));
  CHECK(rig.runner.commands[0].env.at("RELEASE_VERSION") == "1.4.2");
  rig.runner.On("/bin/reload-it", Exited(2, "no\n"));
  CHECK(rig.FailureCode() == ErrorCode::kReloadFailed);
  rig.runner.On("/bin/reload-it",
                CommandResult{CommandResult::End::kTimedOut, 0, ""});
  CHECK(rig.FailureCode() == ErrorCode::kReloadTimeout);
}

TEST_CASE("a service on the old release fails, unless the check is off") {
  Rig rig;
  rig.config.service.pidfile = rig.pidfile;
  const int self = static_cast<int>(getpid());
  rig.WritePidfile(self);
  rig.runner.alive = {self};
  rig.runner.uses = {{self, "shopd", ProcessUse::What::kDirectory,
                      "/srv/shop/releases/1.4.1"}};
  CHECK(rig.FailureCode() == ErrorCode::kServiceRunsOldRelease);
  rig.config.service.running_check = RunningCheck::kOff;
  CHECK(rig.Activate().empty());
}

TEST_CASE("an abort request ends the health check") {
  Rig rig;
  MemFs disk;
  const AbortWatch watch(&disk, "abort", "asked to abort");
  rig.config.health.url = "http://127.0.0.1/up";
  rig.clock.At(rig.clock.SinceBoot() + seconds(1),
               [&] { PutFile(&disk, "abort", ""); });
  CHECK(rig.FailureCode() == ErrorCode::kAborted);
}

TEST_CASE("a stop request ends the health check") {
  Rig rig;
  rig.config.health.url = "http://127.0.0.1/up";
  rig.clock.At(rig.clock.SinceBoot() + seconds(1),
               [] { SetInterruptSignal(15); });
  const ErrorCode code = rig.FailureCode();
  SetInterruptSignal(0);
  CHECK(code == ErrorCode::kInterrupted);
}

TEST_CASE("root does not run a probe that another user can write") {
  Rig rig;
  std::ofstream(rig.pidfile) << "#!/bin/sh\n";
  boost::filesystem::permissions(rig.pidfile, boost::filesystem::perms(0755));
  rig.config.health.command = {rig.pidfile};
  bool ran = false;
  rig.runner.On(rig.pidfile, [&](const Command&) {
    ran = true;
    return Exited(0);
  });
  Service service(&rig.config, {&rig.runner, &rig.http, &rig.clock});
  CHECK_FALSE(service.ProbeOnce(rig.hook_context));
  CHECK(ran);
  if (geteuid() != 0) return;
  ran = false;
  boost::filesystem::permissions(rig.pidfile, boost::filesystem::perms(0777));
  CHECK(service.ProbeOnce(rig.hook_context)
            .value_or("")
            .find("probe as root, because of") != std::string::npos);
  CHECK_FALSE(ran);
  CHECK(rig.FailureCode() == ErrorCode::kConfigUnsafe);
  CHECK_FALSE(ran);
}

TEST_CASE("root does not run a service command that another user can write") {
  if (geteuid() != 0) return;
  Rig rig;
  std::ofstream(rig.pidfile) << "#!/bin/sh\n";
  boost::filesystem::permissions(rig.pidfile, boost::filesystem::perms(0777));
  rig.config.service.command = {"sh", rig.pidfile};
  CHECK(rig.FailureCode() == ErrorCode::kConfigUnsafe);
  CHECK(rig.runner.commands.empty());
}

TEST_CASE("a reload that keeps the old release is told to be a restart") {
  Rig rig;
  rig.config.service.unit = "shop.service";
  rig.unit.state.control_group = OwnControlGroup();
  const int self = static_cast<int>(getpid());
  rig.runner.uses = {{self, "shopd", ProcessUse::What::kDirectory,
                      rig.hook_context.Releases().string() + "/0"}};
  const std::string remedy = "set action = \"restart\"";
  const auto says_remedy = [&] {
    const Error error = ErrorOf([&] { rig.Activate(); });
    CHECK(error.code() == ErrorCode::kServiceRunsOldRelease);
    return Says(error, remedy);
  };
  CHECK(says_remedy());
  rig.config.service.action = ServiceAction::kReload;
  CHECK(says_remedy());
  rig.config.service.action = ServiceAction::kRestart;
  CHECK_FALSE(says_remedy());
  rig.config.service.action = ServiceAction::kAuto;
  rig.unit.state.can_reload = false;
  CHECK_FALSE(says_remedy());
}

TEST_CASE("a program that the checks need is looked for beforehand") {
  Rig rig;
  Service service(&rig.config, {&rig.runner, &rig.http, &rig.clock});
  rig.config.root = "/srv/shop";
  rig.runner.missing = {"probe", "reload", "/srv/shop/current/bin/probe"};
  rig.http.unusable = "install the package curl";
  // No probe uses HTTP, so curl need not be there.
  CHECK_NOTHROW(service.RequirePrograms());
  const auto missing = [&] {
    return ErrorOf([&] { service.RequirePrograms(); });
  };
  rig.config.health.url = "http://127.0.0.1/up";
  CHECK(missing().code() == ErrorCode::kProgramMissing);
  CHECK(Says(missing(), "install the package curl"));
  rig.config.health.url = "";
  rig.config.health.command = {"probe"};
  CHECK(Says(missing(), "there is no program \"probe\""));
  // A release may bring it.
  rig.config.health.command = {"/srv/shop/current/bin/probe"};
  CHECK_NOTHROW(service.RequirePrograms());
  rig.config.service.command = {"reload"};
  CHECK(Says(missing(), "there is no program \"reload\""));
  // It starts at the release.
  rig.runner.missing.insert("bin/reload");
  rig.config.service.command = {"bin/reload"};
  CHECK_NOTHROW(service.RequirePrograms());
  rig.config.service.command = {"reload"};
  rig.config.service.action = ServiceAction::kNone;
  CHECK_NOTHROW(service.RequirePrograms());
}

}  // namespace release
