// The watch after a deploy, under a real systemd: what it finds, what it must
// leave alone, and what ends it or does not.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "host/container_suite.h"
#include "host/instance_shop.h"
#include "host/watched_shop.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

using std::chrono::seconds;

constexpr char kUnit[] = "release-watch@shop.service";
// A watch takes seconds; a busy machine may make minutes of them.
constexpr seconds kPatience(120);

// The health probe of release V fails while /run/bad-V exists, and the command
// of [watch] says 1 while /run/worse-V does.
constexpr char kProbe[] =
    "command = [\"sh\", \"-c\", \"! test -e /run/bad-$RELEASE_VERSION\"]\n";
constexpr char kOwnSignal[] =
    "command = [\"sh\", \"-c\", \"! test -e /run/worse-$RELEASE_VERSION\"]\n";

// A release is bad after three bad looks, one each second.
std::string WatchConfig(const std::string& act, int looks,
                        const std::string& probe = kProbe,
                        const std::string& own_signal = kOwnSignal) {
  return fmt::format(
      "[service]\nunit = \"shop.service\"\naction = \"restart\"\n"
      "timeout = \"10s\"\n"
      "[healthcheck]\ninterval = \"50ms\"\nmin_healthy_time = \"50ms\"\n{}"
      "[watch]\nfor = \"{}s\"\nevery = \"1s\"\nact = \"{}\"\n{}",
      probe, looks, act, own_signal);
}

struct Shop : WatchedShop {
  explicit Shop(const std::string& act = "rollback", int looks = 120)
      : Shop(Configured{WatchConfig(act, looks)}) {
    Deploy("2");
  }
  // Has only release 1. systemd starts the service again when it crashes.
  struct Configured {
    std::string config;
  };
  explicit Shop(const Configured& configured) : WatchedShop(configured.config) {
    AddToUnit("shop.service",
              "[Service]\nRestart=on-failure\nRestartSec=100ms\n");
  }
  explicit Shop(AsItIs as_it_is) : WatchedShop(as_it_is) {}
  // The next case deploys its first release without these.
  ~Shop() { Shell("rm -f /run/bad-* /run/worse-*"); }

  nlohmann::json Watch() { return Status()["watch"]; }
  // Waits until the watch has looked once more.
  void AwaitLook() {
    const int done = Watch()["done"];
    REQUIRE(Within(kPatience, [&] { return Watch()["done"] > done; }));
  }
  bool Runs() {
    return Shell(fmt::format("systemctl is-active -q {}", kUnit)).ok();
  }
  // Waits until the watch's unit has ended, well or not.
  bool Ends() {
    return Within(kPatience, [&] {
      return Shell(fmt::format(
                       "systemctl is-active {} | grep -Eqx 'inactive|failed'",
                       kUnit))
          .ok();
    });
  }
  // Waits until all looks are done and checks that none led to anything.
  void CheckPasses() {
    REQUIRE(Within(kPatience, [&] { return Watch()["state"] == "passed"; }));
    CheckLeftAlone();
  }
  // Makes the release bad from now on.
  void Break(const std::string& line) {
    broken_at_ = std::chrono::system_clock::now();
    CHECK(Shell(line).ok());
  }
  // Checks that 2 was rolled back, once, because of that signal.
  void CheckRolledBack(const std::string& signal) {
    CAPTURE(Shell(fmt::format("journalctl -o cat -u {}", kUnit)).output);
    REQUIRE(Within(kPatience, [&] { return Current() == "releases/1"; }));
    CHECK(Ends());
    const nlohmann::json status = Status();
    CHECK(status["watch"].is_null());
    CHECK(status["last"]["command"] == "rollback");
    CHECK(status["last"]["result"] == "committed");
    const std::string reason = status["last"]["reason"];
    CHECK(reason.starts_with("the watch found it bad: " + signal));
    CHECK(Ask().body == "release 1 serves\n");
    if (Torture()) CheckFoundSoon(status["last"]["at"]);
  }
  void CheckLeftAlone() {
    CHECK(Current() == "releases/2");
    CHECK(Status()["last"]["command"] == "deploy");
  }

 private:
  // Three looks and five seconds, and one second by which `at` was rounded. A
  // busy machine takes longer, so only scripts/torture checks this.
  void CheckFoundSoon(const std::string& at) {
    if (!broken_at_) return;
    const long begun = std::stol(Shell("date +%s -d " + at).output);
    const auto broken =
        std::chrono::duration_cast<seconds>(broken_at_->time_since_epoch());
    CHECK(begun - broken.count() <= 3 + 5 + 1);
  }

  std::optional<std::chrono::system_clock::time_point> broken_at_;
};

// Writes lines of priority err from inside the service's control group. Returns
// false if the service was restarted meanwhile, which ends the writer.
bool LogErrors(Shop* shop, int lines) {
  return shop
      ->Shell(fmt::format("echo $$ >/sys/fs/cgroup/system.slice/shop.service/"
                          "cgroup.procs && for i in $(seq {}); do echo boom; "
                          "sleep 0.1; done | systemd-cat -p err",
                          lines))
      .ok();
}

}  // namespace

// Events in the minutes after a deploy. scripts/test runs a sample of them.
TEST_SUITE("inside a container: watch") {
  TEST_CASE("a release that crashes is rolled back") {
    Shop shop;
    shop.AwaitLook();
    shop.Break("systemctl kill -s KILL shop.service");
    shop.CheckRolledBack("unit: systemd has started it again");
  }

  TEST_CASE("a release that logs many more errors than before is rolled back") {
    Shop shop;
    shop.AwaitLook();
    CHECK_FALSE(LogErrors(&shop, /*lines=*/600));
    shop.CheckRolledBack("errors: more than 10 in the last minute");
  }

  TEST_CASE("a watch that only reports says so and changes nothing") {
    Shop shop("notify");
    CHECK(shop.Shell("touch /run/bad-2").ok());
    CHECK(shop.Ends());
    CHECK(shop.Current() == "releases/2");
    const nlohmann::json status = shop.Status();
    CHECK(status["verdict"] == "attention");
    CHECK(status["watch"]["state"] == "bad");
    CHECK(status["last"]["code"] == "watch-found-bad");
    CHECK(shop.Shell("journalctl --sync; "
                     "journalctl -q RELEASE_COMMAND=watch | grep -q 'watch of "
                     "2'")
              .ok());
  }

  TEST_CASE("what an operator does to the service ends the watch") {
    for (const char* verb : {"stop", "restart"}) {
      if (verb[0] == 'r' && !Torture()) continue;
      CAPTURE(verb);
      Shop shop;
      shop.AwaitLook();
      // The server exits with a failure when it is told to stop.
      shop.AddToUnit("shop.service",
                     "[Service]\nRestart=on-failure\nExecStop=/bin/kill -KILL "
                     "$MAINPID\n");
      CHECK(shop.Shell("touch /run/bad-2; systemctl " + std::string(verb) +
                       " shop.service")
                .ok());
      CHECK(shop.Ends());
      shop.CheckLeftAlone();
      CHECK(shop.Watch()["state"] == "ended");
    }
  }

  TEST_CASE("a watch that is stopped ends, and a later deploy is watched") {
    Shop shop;
    CHECK(shop.Release({"watch", "--stop"}).status == 0);
    CHECK(shop.Ends());
    CHECK(shop.Watch()["state"] == "ended");
    shop.Deploy("3");
    // The deploy only queues the unit's start.
    CHECK(Within(kPatience, [&] { return shop.Runs(); }));
    CHECK(shop.Watch()["state"] == "watching");
  }

  TEST_CASE("a watch that is killed goes on, and ends by itself") {
    Shop shop("rollback", /*looks=*/6);
    shop.AwaitLook();
    CHECK(shop.Shell(fmt::format("systemctl kill -s KILL {}", kUnit)).ok());
    REQUIRE(
        Within(kPatience, [&] { return shop.Watch()["state"] == "passed"; }));
    CHECK(shop.Ends());
    shop.CheckLeftAlone();
    CHECK(shop.Watch()["done"] == 6);
  }

  TEST_CASE("with instances going back starts nothing") {
    InstanceShop shop(InstanceShop::Config() +
                      "[watch]\nfor = \"120s\"\nevery = \"1s\"\n"
                      "act = \"rollback\"\ncommand = [\"sh\", \"-c\", \"! test "
                      "-e /run/worse-$RELEASE_VERSION\"]\n");
    shop.Deploy("1");
    const int pid = shop.Pid("1");
    shop.Deploy("2");
    CHECK(shop.Shell("touch /run/worse-2").ok());
    REQUIRE(Within(kPatience, [&] { return shop.Current() == "releases/1"; }));
    CHECK(shop.Pid("1") == pid);
    CHECK(shop.AskCurrent() == "release 1 serves\n");
  }
}

TEST_SUITE("inside a container: watch at length") {
  TEST_CASE("a release that fails its probe is rolled back") {
    Shop shop;
    shop.AwaitLook();
    shop.Break("touch /run/bad-2");
    shop.CheckRolledBack("health: sh: exit status 1");
  }

  TEST_CASE("a release that its command calls bad is rolled back") {
    Shop shop;
    shop.Break("touch /run/worse-2");
    shop.CheckRolledBack("command: exit status 1");
  }

  TEST_CASE("a flood of errors that was there before is left alone") {
    Shop shop;
    CHECK(shop.Release({"watch", "--stop"}).status == 0);
    REQUIRE(LogErrors(&shop, /*lines=*/40));
    shop.Deploy("3");
    CHECK(LogErrors(&shop, /*lines=*/80));
    CHECK(shop.Watch()["bad"] == 0);
    CHECK(shop.Current() == "releases/3");
  }

  TEST_CASE("an irreversible release is reported only") {
    Shop shop;
    CHECK(
        shop.Release({"deploy", shop.Archive("3"), "--irreversible"}).status ==
        0);
    CHECK(shop.Shell("touch /run/bad-3").ok());
    CHECK(shop.Ends());
    CHECK(shop.Current() == "releases/3");
    CHECK(shop.Release({"rollback"}).Code() == "irreversible");
    CHECK(shop.Release({"rollback", "--yes"}).status == 0);
  }

  TEST_CASE("if the release before is bad too, nothing flaps") {
    Shop shop;
    CHECK(shop.Shell("touch /run/bad-1 /run/bad-2").ok());
    CHECK(shop.Ends());
    CHECK(shop.Current() == "releases/2");
    CHECK(shop.Watch()["state"] == "bad");
    const auto starts = shop.TakeUps().size();
    CHECK(shop.Shell(fmt::format("systemctl start {}", kUnit)).ok());
    CHECK(shop.Ends());
    CHECK(shop.TakeUps().size() == starts);
  }

  TEST_CASE("a release that crashes after 40 s is rolled back") {
    Shop shop(Shop::Configured{WatchConfig("rollback", /*looks=*/120)});
    REQUIRE(shop.Release({"deploy", shop.Archive("2", "late")}).status == 0);
    shop.CheckRolledBack("unit: systemd has started it again");
  }

  TEST_CASE("a release whose processes are killed for memory is rolled back") {
    Shop shop(Shop::Configured{WatchConfig("rollback", /*looks=*/120)});
    // The rig has no memory controller. The commands see a count that the test
    // writes; systemd sees the real control groups.
    shop.Shell("mkdir -p /run/slice/shop.service");
    const std::string count = "/run/slice/shop.service/memory.events";
    Spill(count, "oom 0\noom_kill 0\n");
    shop.AddToUnit(kUnit,
                   "[Service]\nBindPaths=/run/slice:/sys/fs/cgroup/"
                   "system.slice\n");
    REQUIRE(shop.Shell(fmt::format("unshare --mount sh -c 'mount --bind "
                                   "/run/slice /sys/fs/cgroup/system.slice && "
                                   "release -a shop deploy {}'",
                                   shop.Archive("2")))
                .ok());
    shop.AwaitLook();
    CHECK(shop.Watch()["bad"] == 0);
    shop.Break("printf 'oom 1\\noom_kill 1\\n' >" + count);
    shop.CheckRolledBack("memory: the kernel has killed");
  }

  TEST_CASE("a slow but healthy release is left alone") {
    Shop shop(Shop::Configured{
        WatchConfig("rollback", /*looks=*/4,
                    "url = \"http://127.0.0.1:8081/slow\"\n"
                    "timeout = \"30s\"\ndeadline = \"60s\"\n")});
    shop.Deploy("2");
    shop.CheckPasses();
  }

  TEST_CASE("a command that cannot know or cannot run is no reason") {
    for (const char* command :
         {"command = [\"sh\", \"-c\", \"exit 2\"]\n",
          "command = [\"/usr/bin/env\", \"no-such-program\"]\n",
          "command = [\"sleep\", \"60\"]\n"}) {
      CAPTURE(command);
      Shop shop(Shop::Configured{
          WatchConfig("rollback", /*looks=*/5, kProbe, command)});
      shop.Deploy("2");
      shop.CheckPasses();
    }
  }

  TEST_CASE("a probe that times out once is no reason") {
    Shop shop(Shop::Configured{WatchConfig(
        "rollback", /*looks=*/8,
        "timeout = \"1s\"\n"
        "command = [\"sh\", \"-c\", \"rm /run/bad-$RELEASE_VERSION 2>/dev/null "
        "&& sleep 60 || true\"]\n")});
    shop.Deploy("2");
    shop.AwaitLook();
    // `status` probes too, so only the watch may run until the file is gone.
    CHECK(shop.Shell("touch /run/bad-2").ok());
    REQUIRE(Within(kPatience,
                   [&] { return shop.Shell("test ! -e /run/bad-2").ok(); }));
    shop.CheckPasses();
    CHECK(shop.Shell(
                  fmt::format("journalctl --sync; journalctl -q -o cat -u {} | "
                              "grep -q 'bad in a row'",
                              kUnit))
              .ok());
  }

  TEST_CASE("a wall clock that steps by a day is no reason") {
    Shop shop(Shop::Configured{WatchConfig("rollback", /*looks=*/20)});
    shop.AddToUnit(kUnit,
                   "[Service]\nEnvironment=LD_PRELOAD=" RELEASE_CLOCK_STEP
                   " CLOCK_STEP=/run/clock-step\n");
    shop.Deploy("2");
    for (const char* step : {"86400", "-86400", "0"}) {
      CAPTURE(step);
      shop.AwaitLook();
      Spill("/run/clock-step", step);
      shop.AwaitLook();
      shop.AwaitLook();
      CHECK(shop.Watch()["bad"] == 0);
    }
    shop.CheckPasses();
  }

  TEST_CASE("a deploy over a bad release is not taken for it") {
    Shop shop;
    CHECK(shop.Shell("touch /run/bad-2").ok());
    REQUIRE(Within(kPatience, [&] { return shop.Watch()["bad"] >= 1; }));
    // The lock decides which of the two comes first; the newer one stays live.
    const Said deploy =
        shop.Release({"--wait", "60s", "deploy", shop.Archive("3")});
    CHECK(deploy.status == 0);
    shop.AwaitLook();
    CHECK(shop.Current() == "releases/3");
    CHECK(shop.Watch()["bad"] == 0);
    CHECK(shop.Status()["last"]["command"] == "deploy");
  }

  TEST_CASE("a link that was moved by hand is left alone") {
    Shop shop;
    shop.AwaitLook();
    CHECK(shop.Shell("touch /run/bad-1 /run/bad-2; cd /srv/shop && "
                     "ln -s releases/1 by-hand && mv -T by-hand current")
              .ok());
    CHECK(shop.Ends());
    CHECK(shop.Current() == "releases/1");
    CHECK(shop.Status()["last"]["command"] == "deploy");
  }
}

TEST_SUITE("inside a container: watch before a boot") {
  TEST_CASE("a release is watched for a long time") {
    Shop shop("rollback", /*looks=*/100);
    shop.AwaitLook();
    CHECK(shop.Shell("systemctl enable shop.service; sync").ok());
  }
}

TEST_SUITE("inside a container: watch after a boot") {
  TEST_CASE("the watch goes on with the looks that are left") {
    Shop shop{LiveShop::AsItIs{}};
    REQUIRE(Within(kPatience, [&] { return shop.Runs(); }));
    const nlohmann::json watch = shop.Watch();
    CHECK(watch["state"] == "watching");
    CHECK(watch["done"] >= 1);
    shop.AwaitLook();
    CHECK(shop.Watch()["bad"] == 0);
    CHECK(shop.Current() == "releases/2");
  }
}

TEST_SUITE("inside a container: watch finds it after a boot") {
  TEST_CASE("a release that turns bad later is rolled back") {
    Shop shop{LiveShop::AsItIs{}};
    CHECK(shop.Shell("touch /run/bad-2").ok());
    shop.CheckRolledBack("health");
  }
}

TEST_CASE("a watched release on a real systemd") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: watch", 7);
}

TEST_CASE("a watched release on a real systemd, each way") {
  if (!Torture()) return;
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: watch at length", 13);
}

TEST_CASE("a watch goes on after a reboot and after a power cut") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: watch before a boot", 1);
  REQUIRE(container.Reboot().ok());
  CheckSuiteInside(&container, "inside a container: watch after a boot", 1);
  REQUIRE(container.PowerCycle().ok());
  CheckSuiteInside(&container, "inside a container: watch after a boot", 1);
  CheckSuiteInside(&container,
                   "inside a container: watch finds it after a boot", 1);
}

}  // namespace release
