// Instance mode: what becomes of instances, workers and open connections while
// releases come and go, and of all of them when the machine reboots.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "host/command.h"
#include "host/container_suite.h"
#include "host/front.h"
#include "host/instance_shop.h"
#include "host/site.h"
#include "host/started.h"
#include "host/user_load.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using Lines = std::vector<std::string>;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kFrontPort = 8080;
constexpr std::size_t kLargeBytes = 100 << 20;

constexpr char kWorkerProgram[] =
    RELEASE_SOURCE_DIR "/tests/host/rig/instance_worker";
constexpr char kWorkerLog[] = "/srv/shop-log/worker";

void AddWorkerUnit(InstanceShop* shop) {
  Spill("/etc/systemd/system/shop-worker.service",
        fmt::format("[Service]\nWorkingDirectory=/srv/shop/current\n"
                    "ExecStart={} {}\nKillMode=mixed\n",
                    kWorkerProgram, kWorkerLog));
  REQUIRE(shop->Shell("systemctl daemon-reload").ok());
}

// Returns how long a command takes for a person at a terminal, in ms. A command
// that systemd runs as a unit leaves nothing to the background.
double TimeAtTerminal(std::vector<std::string> line) {
  line.insert(line.begin(), {"env", "-u", "INVOCATION_ID"});
  const auto begin = steady_clock::now();
  const Finished finished = Run(line);
  const auto end = steady_clock::now();
  INFO(finished.Describe());
  REQUIRE(finished.exit == 0);
  return Milliseconds(end - begin).count();
}

// Waits until the drain unit, which a deploy has started, waits itself.
bool AwaitIdleDrain(InstanceShop* shop) {
  return Within(seconds(60), [&] {
    return shop->Shell("systemctl is-active -q release-drain@shop.service")
               .ok() &&
           shop->Status()["in_progress"].is_null();
  });
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

const FrontKind& SocketProxy() { return FrontKinds().back(); }

// The open connections of an instance, by `status`; -1 if it does not say.
int ConnectionsOf(InstanceShop* shop, const std::string& version) {
  const nlohmann::json status = shop->Status();
  for (const nlohmann::json& each : status["instances"]) {
    if (each["version"] != version) continue;
    return each["connections"].is_null() ? -1 : each["connections"].get<int>();
  }
  return -1;
}

// Waits until the instance has that many open connections. The app closes that
// of the deploy's last check a moment later.
bool AwaitConnections(InstanceShop* shop, const std::string& version,
                      int count) {
  return Within(seconds(60),
                [&] { return ConnectionsOf(shop, version) == count; });
}

// Requests that are answered in parts, all begun and none finished.
struct OpenRequests {
  UserRequest held{kFrontPort, "GET", "/held/go"};
  UserRequest large{kFrontPort, "GET", "/large"};
  UserRequest events{kFrontPort, "GET", "/events"};

  OpenRequests() {
    REQUIRE(held.ReadSome());
    REQUIRE(large.ReadSome());
    REQUIRE(events.ReadSome());
  }
};

}  // namespace

TEST_SUITE("inside a container: changes of instances") {
  TEST_CASE("requests that are open at the switch are finished") {
    InstanceShop shop(InstanceShop::Config("drain = \"60s\"\n"));
    Front front(SocketProxy());
    shop.Deploy("1");
    CHECK(AwaitConnections(&shop, "1", 0));
    OpenRequests open;
    CHECK(AwaitConnections(&shop, "1", 3));
    shop.Deploy("2");
    CHECK(shop.AskCurrent() == "release 2 serves\n");
    // The old instance waits for its clients.
    CHECK(shop.Instances() == Lines{"1", "2"});
    shop.MakeFile("go");
    shop.MakeFile("finish");
    CHECK(open.held.ReadToEnd().ends_with("release 1 serves\n"));
    CHECK(open.events.ReadToEnd().find("event: end") != std::string::npos);
    CHECK(open.large.ReadToEnd().size() > kLargeBytes);
    // It stops as soon as the last one has gone.
    shop.CheckOnly("2");
  }

  TEST_CASE("requests that outlive the drain are cut, and counted") {
    InstanceShop shop(InstanceShop::Config("drain = \"500ms\"\n"));
    Front front(SocketProxy());
    shop.Deploy("1");
    UserRequest held(kFrontPort, "GET", "/held/go");
    UserRequest events(kFrontPort, "GET", "/events");
    REQUIRE(held.ReadSome());
    REQUIRE(events.ReadSome());
    shop.Deploy("2");
    CHECK(held.ReadToEnd().find("serves") == std::string::npos);
    CHECK(events.ReadToEnd().find("event: end") == std::string::npos);
    shop.CheckOnly("2");
    CHECK(shop.Shell("journalctl --sync; "
                     "journalctl -q -o cat -u release-drain@shop.service | "
                     "grep -x 'stopped the instance of 1; 2 connections were "
                     "open'")
              .ok());
  }

  TEST_CASE("connections across networks are counted") {
    // An accepted connection is listed in the network of who connected.
    InstanceShop shop(InstanceShop::Config("drain = \"60s\"\n"));
    const std::string drop_ins = "/etc/systemd/system/shop@.service.d";
    REQUIRE(shop.Shell(fmt::format("mkdir -p {0} && printf '[Service]\\n"
                                   "PrivateNetwork=yes\\n' >{0}/test.conf && "
                                   "systemctl daemon-reload",
                                   drop_ins))
                .ok());
    Front front(SocketProxy());
    shop.Deploy("1");
    UserRequest held(kFrontPort, "GET", "/held/go");
    REQUIRE(held.ReadSome());
    CHECK(AwaitConnections(&shop, "1", 1));
    shop.Deploy("2");
    shop.MakeFile("go");
    CHECK(held.ReadToEnd().ends_with("release 1 serves\n"));
    shop.CheckOnly("2");
    shop.Shell(fmt::format("rm -r {}; systemctl daemon-reload", drop_ins));
  }

  TEST_CASE("a rollback to a warm instance starts nothing") {
    InstanceShop shop(InstanceShop::Config("keep_warm = \"5m\"\n"));
    shop.Deploy("1");
    const int pid = shop.Pid("1");
    shop.Deploy("2");
    CHECK(shop.Instances() == Lines{"1", "2"});
    const Said said = shop.Release({"rollback"});
    CAPTURE(said.err);
    CHECK(said.status == 0);
    CHECK(shop.Pid("1") == pid);
    CHECK(shop.AskCurrent() == "release 1 serves\n");
    // At most one instance is warm.
    shop.Deploy("3");
    shop.Deploy("4");
    CHECK(Within(seconds(60), [&] {
      return shop.Instances() == Lines{"3", "4"};
    }));
  }

  TEST_CASE("a warm instance stops when its time is over") {
    InstanceShop shop(InstanceShop::Config("keep_warm = \"1s\"\n"));
    shop.Deploy("1");
    shop.Deploy("2");
    shop.CheckOnly("2");
  }

  TEST_CASE("a rollback to a warm instance is as quick as one of files") {
    // A machine that is busy with other tests says little about time.
    if (!Torture()) return;
    InstanceShop shop(InstanceShop::Config("keep_warm = \"5m\"\n"));
    Site files("/srv/files");
    shop.Deploy("1");
    DeployAll(files, {"1", "2"});
    std::vector<double> warm, bare, ratios;
    for (int i = 0; i < 21; ++i) {
      shop.Deploy(std::to_string(i + 2));
      REQUIRE(AwaitIdleDrain(&shop));
      bare.push_back(TimeAtTerminal(files.CommandLine({"rollback"})));
      warm.push_back(
          TimeAtTerminal({"/usr/bin/release", "--app", "shop", "rollback"}));
      ratios.push_back(warm.back() / bare.back());
      files.Must({"activate", "2"});
    }
    MESSAGE(
        fmt::format("rollback: warm {:.1f} ms, of files {:.1f} ms, ratio "
                    "{:.2f}; medians",
                    Median(warm), Median(bare), Median(ratios)));
    CHECK(Median(ratios) <= 3);
  }

  TEST_CASE("an undo to the instance that still runs is as quick") {
    if (!Torture()) return;
    InstanceShop shop;
    Site files("/srv/files");
    DeployAll(files, {"1", "2"});
    shop.Deploy("1");
    const int pid = shop.Pid("1");
    shop.WriteConfig(
        InstanceShop::Config("front_url = \"http://127.0.0.1:1/\"\n"));
    std::vector<double> back, whole, ratios;
    for (int i = 0; i < 15; ++i) {
      const Said said =
          shop.Release({"deploy", shop.Archive(std::to_string(i + 2))});
      REQUIRE(said.Code() == "front-failed");
      // The question which instances run belongs to no step.
      double until_proved = TimeAtTerminal(
          {"systemctl", "show", "--property=Id", "shop@*.service"});
      double until_stopped = until_proved;
      for (const nlohmann::json& step : said.json["undo_steps"]) {
        const double time = step["seconds"].get<double>() * 1000;
        until_stopped += time;
        if (step["name"] != "stop") until_proved += time;
      }
      back.push_back(until_proved);
      whole.push_back(until_stopped);
      ratios.push_back(until_proved /
                       TimeAtTerminal(files.CommandLine({"rollback"})));
      files.Must({"activate", "2"});
    }
    CHECK(shop.Pid("1") == pid);
    MESSAGE(
        fmt::format("undo: {:.1f} ms until the earlier release was proved, "
                    "ratio {:.2f}; {:.1f} ms until the new one had "
                    "stopped; medians",
                    Median(back), Median(ratios), Median(whole)));
    CHECK(Median(ratios) <= 3);
  }

  TEST_CASE("a restart takes up new configuration, or changes nothing") {
    // The app's configuration is the file `mended`, without which it exits.
    InstanceShop shop;
    Front front(SocketProxy());
    shop.MakeFile("mended");
    REQUIRE(shop.Release({"deploy", shop.Archive("1", "lacking")}).status == 0);
    UserLoad load({"1"});
    for (const char* restarted : {"1+r1", "1+r2"}) {
      const Said said = shop.Release({"restart"});
      CAPTURE(said.err);
      CHECK(said.status == 0);
      CHECK(shop.AwaitOnly(restarted));
      CHECK(shop.Current() == std::string("releases/") + restarted);
    }
    const int pid = shop.Pid("1+r2");
    CHECK(pid > 0);
    shop.RemoveFile("mended");
    CHECK(shop.Release({"restart"}).status == 1);
    CHECK(shop.Pid("1+r2") == pid);
    CHECK(shop.Instances() == Lines{"1+r2"});
    CHECK(load.Await(100));
    const UserLoad::Counts counts = load.End();
    CAPTURE(counts.first_problem);
    CHECK(counts.errors == 0);
    CHECK(counts.unexpected == 0);
    const nlohmann::json status = shop.Status();
    CHECK(status["live"] == "1+r2");
    CHECK(status["release"]["restart_of"] == "1");
    shop.MakeFile("mended");
    CHECK(shop.Release({"rollback"}).status == 0);
    CHECK(shop.Current() == "releases/1+r1");
  }

  TEST_CASE("a worker never runs twice, and comes back with an undo") {
    InstanceShop shop(
        InstanceShop::Config("restart = [\"shop-worker.service\"]\n"));
    AddWorkerUnit(&shop);
    shop.Deploy("1");
    REQUIRE(Within(seconds(60),
                   [&] { return shop.Log("worker") == Lines{"begin 1"}; }));
    shop.Deploy("2");
    const Said undone =
        shop.Release({"deploy", shop.Archive("3"), "--confirm-within=0s"});
    CAPTURE(undone.err);
    CHECK(undone.status == 4);
    const Lines expected = {"begin 1", "end 1", "begin 2", "end 2",
                            "begin 3", "end 3", "begin 2"};
    CHECK(Within(seconds(60), [&] { return shop.Log("worker") == expected; }));
    CHECK(shop.Log("worker") == expected);
    // A release that is bad on its own socket does not reach the worker.
    CHECK(shop.Release({"deploy", shop.Archive("4", "absent")}).status == 1);
    CHECK(shop.Log("worker") == expected);
    // Control: a second worker is noticed.
    const Started second(
        {"env", "-C", "/srv/shop/current", kWorkerProgram, kWorkerLog});
    CHECK(Within(seconds(60), [&] {
      const Lines log = shop.Log("worker");
      return std::find(log.begin(), log.end(), "twice") != log.end();
    }));
  }

  TEST_CASE("what an operator stopped is not started by other commands") {
    InstanceShop shop;
    shop.Deploy("1");
    REQUIRE(shop.Shell("systemctl stop shop@1.service").ok());
    for (const char* command : {"status", "recover", "prune", "list"}) {
      shop.Release({command});
      CHECK(shop.Pid("1") == 0);
    }
    CHECK(shop.Status()["ok"] == false);
    CHECK(shop.Release({"start"}).status == 0);
    shop.CheckOnly("1");
    // A deploy of what is live starts it, too.
    REQUIRE(shop.Shell("systemctl stop shop@1.service").ok());
    CHECK(shop.Release({"deploy", shop.Archive("1")}).status == 0);
    shop.CheckOnly("1");
  }

  TEST_CASE("instances take over from a plain unit, and an undo gives back") {
    PlainShop shop;
    shop.Deploy("1");
    const int pid = shop.PlainPid();
    shop.WriteConfig(InstanceShop::Config("replaces = \"shop.service\"\n"));
    const auto enabled = [&] {
      return shop.Shell("systemctl is-enabled shop.service").output;
    };
    const Said undone =
        shop.Release({"deploy", shop.Archive("2"), "--confirm-within=0s"});
    CAPTURE(undone.err);
    CHECK(undone.status == 4);
    CHECK(shop.PlainPid() == pid);
    CHECK(enabled() == "enabled\n");
    CHECK(shop.Instances() == Lines{});
    shop.Deploy("3");
    CHECK(shop.PlainPid() == 0);
    CHECK(enabled() == "disabled\n");
    shop.CheckOnly("3");
    // The release that ran in the plain unit is good as an instance, too.
    const Said back = shop.Release({"rollback"});
    CAPTURE(back.err);
    CHECK(back.status == 0);
    shop.CheckOnly("1");
  }

  TEST_CASE("users of a plain unit move to instances without a gap") {
    // The steps are those of docs/instances.md, "Moving from a plain unit".
    PlainShop shop;
    shop.Deploy("1");
    const int pid = shop.PlainPid();
    shop.WriteConfig(InstanceShop::Config());
    CHECK(shop.Release({"start"}).status == 0);
    CHECK(Within(seconds(60),
                 [&] { return shop.AskCurrent() == "release 1 serves\n"; }));
    CHECK(shop.Pid("1") > 0);
    CHECK(shop.PlainPid() == pid);
    {
      const Front front(FrontKinds().front());
      UserLoad load({"1", "2"});
      shop.WriteConfig(InstanceShop::Config("replaces = \"shop.service\"\n"));
      CHECK(load.Await(100));
      shop.Deploy("2");
      CHECK(load.Await(100));
      const UserLoad::Counts counts = load.End();
      CAPTURE(counts.first_problem);
      CHECK(counts.errors == 0);
      CHECK(counts.unexpected == 0);
      CHECK(counts.versions.contains("2"));
    }
    CHECK(shop.PlainPid() == 0);
    shop.CheckOnly("2");
  }

  TEST_CASE("versions with letters that systemd escapes are instances, too") {
    InstanceShop shop;
    for (const char* version : {"1.0-rc.1", "1.0+b~2", "a_b"}) {
      shop.Deploy(version);
      shop.CheckOnly(version);
    }
    CHECK(shop.Release({"rollback"}).status == 0);
    shop.CheckOnly("1.0+b~2");
  }
}

TEST_SUITE("inside a container: instances before a boot") {
  TEST_CASE("the second of two releases is live") {
    InstanceShop shop;
    shop.Deploy("1");
    shop.Deploy("2");
    REQUIRE(shop.Shell("systemctl enable release-start@shop.service").ok());
    shop.CheckOnly("2");
  }
}

TEST_SUITE("inside a container: instances after a boot") {
  TEST_CASE("the live release's instance was started") {
    InstanceShop shop{LiveShop::AsItIs{}};
    shop.CheckOnly("2");
    CHECK(shop.Release({"rollback"}).status == 0);
    shop.CheckOnly("1");
    CHECK(shop.Release({"activate", "2"}).status == 0);
    shop.CheckOnly("2");
  }
}

TEST_SUITE("inside a container: instance that is not confirmed") {
  TEST_CASE("the second of two releases waits for its confirmation") {
    InstanceShop shop;
    shop.Deploy("1");
    REQUIRE(shop.Shell("systemctl enable release-start@shop.service").ok());
    REQUIRE(shop.Shell("systemd-run /usr/bin/release --app shop deploy " +
                       shop.Archive("2") + " --confirm-within=5m")
                .ok());
    CHECK(Within(seconds(60), [&] {
      const nlohmann::json status = shop.Status();
      return !status["open"].is_null() && status["open"]["step"] == "confirm";
    }));
    CHECK(shop.AskCurrent() == "release 2 serves\n");
  }
}

TEST_SUITE("inside a container: instance that was not confirmed") {
  TEST_CASE("only the first release runs") {
    InstanceShop shop{LiveShop::AsItIs{}};
    shop.CheckOnly("1");
    CHECK(shop.Status()["last"]["result"] == "undone");
    CHECK(shop.UserRequests("2") == Lines{});
    shop.Deploy("3");
    shop.CheckOnly("3");
  }
}

TEST_CASE("instances, workers and connections change in order") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: changes of instances", 13);
}

TEST_CASE("the live instance runs after a reboot and after a power cut") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: instances before a boot",
                   1);
  REQUIRE(container.Reboot().ok());
  CheckSuiteInside(&container, "inside a container: instances after a boot", 1);
  REQUIRE(container.PowerCycle().ok());
  CheckSuiteInside(&container, "inside a container: instances after a boot", 1);
}

TEST_CASE("a machine that dies before a confirmation boots the good instance") {
  if (!Torture()) return;  // the power cut; the reboot below is the same way
  SystemdContainer container;
  CheckSuiteInside(&container,
                   "inside a container: instance that is not confirmed", 1);
  REQUIRE(container.PowerCycle().ok());
  CheckSuiteInside(&container,
                   "inside a container: instance that was not confirmed", 1);
}

TEST_CASE("a machine rebooted before a confirmation boots the good instance") {
  SystemdContainer container;
  CheckSuiteInside(&container,
                   "inside a container: instance that is not confirmed", 1);
  REQUIRE(container.Reboot().ok());
  CheckSuiteInside(&container,
                   "inside a container: instance that was not confirmed", 1);
}

}  // namespace release
