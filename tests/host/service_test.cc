// src/service against a real systemd. The suite "inside a systemd container"
// changes units of the machine that it runs on; the test case outside of it
// boots a container and runs the suite in it.
#include "service/service.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <boost/filesystem.hpp>
#include <fstream>

#include "host/command.h"
#include "host/systemd_rig.h"
#include "os/curl_http.h"
#include "os/posix_clock.h"
#include "support/expect_error.h"

namespace release {
namespace {

namespace fs = boost::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kSuite = "inside a systemd container";

// On a reload this server does what current/behaviour names; on a start it only
// runs in the release.
constexpr const char* kServer = R"py(
import os, signal, socket, sys, time
root, talks = sys.argv[1], sys.argv[2] == "notify"
def tell(text):
    if not talks: return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
def reload(*_):
    tell("RELOADING=1\nMONOTONIC_USEC=%d" % (time.monotonic_ns() // 1000))
    what = open(root + "/current/behaviour").read()
    if what == "exit": os._exit(3)
    if what == "hang": return
    if what != "keep": os.chdir(root + "/current")
    if what == "crash": signal.alarm(2)
    tell("READY=1")
os.chdir(root + "/current")
signal.signal(signal.SIGHUP, reload)
print("serving", os.getcwd(), flush=True)
tell("READY=1")
while True: time.sleep(0.1)
)py";

// A unit that runs from release 1 while release 2 is being made live.
class Shop {
 public:
  Shop(const std::string& type, const std::string& behaviour,
       const std::string& more = "") {
    REQUIRE(getenv("RELEASE_INSIDE_CONTAINER") != nullptr);
    fs::remove_all(kRoot);
    for (const char* version : {"1", "2"}) {
      const std::string release = kRoot + "/releases/" + version;
      fs::create_directories(release);
      std::ofstream(release + "/behaviour")
          << (version[0] == '2' ? behaviour : "ok");
    }
    std::ofstream(kRoot + "/server.py") << kServer;
    Live("1");
    std::ofstream("/etc/systemd/system/shop.service") << fmt::format(
        "[Service]\nType={}\nExecReload=/bin/kill -HUP $MAINPID\n"
        "ExecStart=/usr/bin/env python3 {}/server.py {} {}\n"
        "TimeoutStopSec=2s\n{}\n",
        type, kRoot, kRoot, type, more);
    Do("daemon-reload");
    Do("restart");
    AwaitServer();
    config.root = kRoot;
    config.service.unit = "shop.service";
    // Only a reload that hangs must run into it.
    config.service.timeout = seconds(behaviour == "hang" ? 5 : 60);
    config.health.min_healthy_time = milliseconds(500);
    hook_context.root = kRoot;
    service =
        std::make_unique<Service>(&config, System{&runner, &http, &clock});
    service->Observe();
    Live("2");
  }
  ~Shop() { Do("stop"); }
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  void Live(const std::string& version) {
    fs::remove(kRoot + "/current");
    fs::create_symlink("releases/" + version, kRoot + "/current");
    hook_context.version = version;
  }
  // Makes the release that `current` names live, as a transaction does. Returns
  // the remarks.
  std::vector<std::string> Activate() {
    auto remarks = service->Reload(hook_context);
    for (auto& remark : service->CheckRunning(hook_context)) {
      remarks.push_back(std::move(remark));
    }
    service->CheckHealth(hook_context);
    return remarks;
  }
  Error Failure() {
    return ErrorOf([this] { Activate(); });
  }
  // Checks that the unit can go back to release 1, in whatever state the
  // failure left it.
  void GoBack() {
    Live("1");
    Activate();
    CHECK(RunsIn(kRoot + "/releases/1"));
  }
  // Waits until the server runs in that directory. systemd considers a simple
  // unit up before the server has gone anywhere.
  bool RunsIn(const std::string& directory) {
    return Eventually(
        [&] {
          boost::system::error_code ended;
          return fs::read_symlink(MainProcess() + "/cwd", ended) == directory;
        },
        seconds(60));
  }
  // Waits until the server catches SIGHUP, and so is ready for a reload. Before
  // that the signal would end it.
  void AwaitServer() {
    REQUIRE(Eventually([this] { return CatchesHangup(); }, seconds(60)));
  }
  void Do(const std::string& verb) {
    Command command;
    command.argv = {"systemctl", verb};
    if (verb != "daemon-reload") command.argv.push_back("shop.service");
    runner.Run(command);
  }

  // Returns the directory of the main process in /proc.
  std::string MainProcess() {
    Command show;
    show.argv = {"systemctl", "show", "-P", "MainPID", "shop.service"};
    std::string pid = runner.Run(show).output;
    while (pid.ends_with('\n')) pid.pop_back();
    return "/proc/" + pid;
  }
  bool CatchesHangup() {
    constexpr unsigned long long kHangup = 1ULL << (SIGHUP - 1);
    std::ifstream status(MainProcess() + "/status");
    for (std::string line; std::getline(status, line);) {
      if (!line.starts_with("SigCgt:")) continue;
      return (std::stoull(line.substr(7), nullptr, 16) & kHangup) != 0;
    }
    return false;
  }

  const std::string kRoot = "/srv/shop";
  Config config;
  HookContext hook_context;
  PosixRunner runner;
  CurlHttp http;
  PosixClock clock;
  std::unique_ptr<Service> service;
};

}  // namespace

TEST_SUITE("inside a systemd container") {
  TEST_CASE("a reload that works is proven, for each type of unit") {
    for (const char* type : {"simple", "notify"}) {
      CAPTURE(type);
      Shop shop(type, "ok");
      CHECK(shop.Activate().empty());
      CHECK(shop.RunsIn("/srv/shop/releases/2"));
      shop.GoBack();
    }
  }

  TEST_CASE("a unit that cannot reload is restarted") {
    // A simple unit may not be in its release yet when the restart returns,
    // and the check would remark on that.
    Shop shop("notify", "ok", "ExecReload=");
    CHECK(shop.Activate().empty());
    CHECK(shop.RunsIn("/srv/shop/releases/2"));
  }

  TEST_CASE("a unit that does not run is started, with a remark") {
    Shop shop("notify", "ok");
    shop.Do("stop");
    const auto remarks = shop.Activate();
    REQUIRE(remarks.size() == 1);
    CHECK(remarks[0].find("was not running") != std::string::npos);
  }

  TEST_CASE("a simple unit that exits on reload has died, and comes back") {
    // On a busy machine the journal may get systemd's line only after it was
    // read, so there are more tries.
    bool has_line = false;
    for (int tries = 0; tries < 5 && !has_line; ++tries) {
      Shop shop("simple", "exit");
      const Error error = shop.Failure();
      CHECK(error.code() == ErrorCode::kServiceDied);
      CHECK(Says(error, "status 3"));
      has_line = Says(error, "Main process exited, code=exited, status=3");
      shop.GoBack();
    }
    CHECK(has_line);
  }

  TEST_CASE("a notify unit that exits on reload has died, and comes back") {
    Shop shop("notify", "exit");
    CHECK(shop.Failure().code() == ErrorCode::kServiceDied);
    shop.GoBack();
  }

  TEST_CASE("a unit that systemd restarts over a reload does not pass") {
    // The pause is long enough for the way back on a busy machine: the service
    // would die of a reload in its next run too.
    Shop shop("simple", "exit", "Restart=always\nRestartSec=20s");
    const Error error = shop.Failure();
    const std::string what = error.what();
    CAPTURE(what);
    const ErrorCode code = error.code();
    CHECK((code == ErrorCode::kServiceDied ||
           code == ErrorCode::kServiceRestarted));
    shop.GoBack();
  }

  TEST_CASE("a reload that never ends takes the time limit and is cancelled") {
    for (const char* more :
         {"", "ExecReload=\nExecReload=/bin/sh -c 'sleep 1000'"}) {
      CAPTURE(more);
      Shop shop("notify", "hang", more);
      const auto start = shop.clock.SinceBoot();
      const Error error = shop.Failure();
      const std::string what = error.what();
      CAPTURE(what);
      CHECK(error.code() == ErrorCode::kReloadTimeout);
      CHECK(shop.clock.SinceBoot() - start < seconds(60));
      shop.GoBack();
    }
  }

  TEST_CASE("a unit that crashes 2 s after the reload fails the health check") {
    Shop shop("simple", "crash");
    shop.config.health.min_healthy_time = seconds(4);
    CHECK(shop.Failure().code() == ErrorCode::kServiceDied);
    // The same crash, but systemd restarts the unit; this must not pass either.
    Shop revived("simple", "crash", "Restart=always\nRestartSec=100ms");
    revived.config.health.min_healthy_time = seconds(4);
    const ErrorCode code = revived.Failure().code();
    CHECK((code == ErrorCode::kServiceDied ||
           code == ErrorCode::kServiceRestarted));
    revived.AwaitServer();
    revived.GoBack();
  }

  TEST_CASE("a unit that keeps the old directory runs the old release") {
    Shop shop("notify", "keep");
    shop.config.service.timeout = seconds(1);
    const Error error = shop.Failure();
    CHECK(error.code() == ErrorCode::kServiceRunsOldRelease);
    CHECK(error.path() == "/srv/shop/releases/1");
    shop.GoBack();
  }

  TEST_CASE("a server that opens files by path is accepted with a remark") {
    // nginx opens files below /srv/shop/current by path. Its working directory
    // does not show which release it serves.
    std::ofstream("/etc/shop-nginx.conf")
        << "daemon off; pid /run/shop-nginx.pid; error_log stderr;\n"
           "events {}\n"
           "http { access_log off; server { listen 127.0.0.1:8081;\n"
           "       root /srv/shop/current; } }\n";
    Shop shop("simple", "release 2",
              "ExecStart=\nExecStart=/usr/sbin/nginx -c /etc/shop-nginx.conf");
    shop.config.health.url = "http://127.0.0.1:8081/behaviour";
    shop.config.health.expect_body = "release {version}";
    const auto remarks = shop.Activate();
    REQUIRE(remarks.size() == 1);
    CHECK(remarks[0].find("cannot be seen") != std::string::npos);
    shop.config.health.deadline = seconds(1);
    shop.Live("1");
    const Error error = shop.Failure();
    CHECK(error.code() == ErrorCode::kHealthDeadline);
    CHECK(Says(error, "status 200, body \"ok\", without \"release 1\""));
  }

  TEST_CASE("a unit that does not exist is refused before anything is done") {
    Shop shop("simple", "ok");
    shop.config.service.unit = "no-such.service";
    Service service(&shop.config, {&shop.runner, &shop.http, &shop.clock});
    CHECK(ErrorOf([&] { service.Observe(); }).code() ==
          ErrorCode::kReloadFailed);
  }
}

TEST_CASE("src/service works with a real systemd") {
  SystemdContainer container;
  const CommandResult result =
      container.Exec({"env", "RELEASE_INSIDE_CONTAINER=1",
                      fs::read_symlink("/proc/self/exe").string(),
                      fmt::format("--test-suite={}", kSuite)},
                     seconds(600));
  CAPTURE(result.output);
  CHECK(result.ok());
  CHECK(result.output.find("test cases: 11 | 11 passed") != std::string::npos);
}

}  // namespace release
