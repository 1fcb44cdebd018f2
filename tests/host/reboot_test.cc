// The command, or the whole machine, dies at each step after the switch.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/started.h"
#include "support/archives.h"

namespace release {
namespace {

using std::chrono::seconds;

std::vector<std::string> OnProbation(LiveShop* shop, const std::string& v) {
  return LiveShop::Words({"deploy", shop->Archive(v), "--confirm-within=60s"});
}

// A moment during a transaction that makes release 2 live: its name, and a
// condition that is true from then on.
struct Moment {
  std::string name;
  std::function<bool(LiveShop*)> came;
  std::string min_healthy_time = "300ms";
};

std::function<bool(LiveShop*)> InStep(const std::string& step) {
  return [step](LiveShop* shop) {
    const nlohmann::json status = shop->Status();
    return !status["open"].is_null() && status["open"]["step"] == step;
  };
}

const std::vector<Moment>& Moments() {
  static const std::vector<Moment> moments = {
      {"just after the swap",
       [](LiveShop* shop) {
         // A busy loop, because the reload begins within a few milliseconds.
         while (shop->Current() != "releases/2") {
         }
         return true;
       }},
      {"during the reload",
       [](LiveShop* shop) { return shop->TakeUps().back() == "reload 2"; }},
      {"in the health wait", InStep("health"), "60s"},
      {"in the confirmation wait", InStep("confirm")},
  };
  return moments;
}

// An app with release 1 live, and a deploy of release 2 that was killed at
// `moment`, after its switch.
class KilledShop : public LiveShop {
 public:
  explicit KilledShop(const Moment& moment)
      : LiveShop(Config(),
                 Unit("/bin/sh -c 'kill -HUP $MAINPID && sleep 0.5'")) {
    Deploy("1");
    WriteConfig(Config(moment.min_healthy_time));
    Started deploy(OnProbation(this, "2"));
    REQUIRE(Within(seconds(60), [&] { return moment.came(this); }));
    deploy.Kill(SIGKILL);
    REQUIRE(deploy.Wait() == 128 + SIGKILL);
    WriteConfig(Config());
    REQUIRE(Current() == "releases/2");
    // A program that the deploy was just starting holds the lock until its
    // exec.
    CHECK(Within(seconds(60), [&] { return Status()["interrupted"] == true; }));
    CHECK(Status()["open"]["switched"] == true);
  }
};

// Checks that recovery undid the deploy of release 2, whose record is
// `settled_back` entries from the newest.
void CheckUndone(LiveShop* shop, std::size_t settled_back) {
  const nlohmann::json history =
      shop->Release({"history"}).json["transactions"];
  const nlohmann::json& settled = history.at(settled_back);
  CAPTURE(settled.dump());
  CHECK(settled["to"] == "2");
  CHECK(settled["result"] == "undone");
  CHECK(settled["recovered"] == true);
}

// Starts a deploy of release 2 and returns while it waits for health.
void BeginDeploy(bool recovers_at_boot) {
  LiveShop shop;
  shop.Deploy("1");
  REQUIRE(shop.Shell("systemctl enable shop.service").ok());
  if (recovers_at_boot) {
    const std::string name = "/release-recover@.service";
    Spill("/etc/systemd/system" + name,
          Slurp(RELEASE_SOURCE_DIR "/systemd" + name));
    const CommandResult enabled =
        shop.Shell("systemctl enable --now release-recover@shop.service");
    CAPTURE(enabled.output);
    REQUIRE(enabled.ok());
  } else {
    // An earlier test may have enabled it.
    shop.Shell("systemctl disable --now release-recover@shop.service");
  }
  shop.WriteConfig(LiveShop::Config("60s"));
  REQUIRE(shop.Shell("systemd-run --unit=deploying /usr/bin/release "
                     "--app shop deploy " +
                     shop.Archive("2"))
              .ok());
  REQUIRE(Within(seconds(60), [&] { return InStep("health")(&shop); }));
  CHECK(shop.Ask().body == "release 2 serves\n");
  shop.WriteConfig(LiveShop::Config());
}

}  // namespace

TEST_SUITE("inside a container: kill -9") {
  TEST_CASE("`recover` settles a deploy that was killed after the switch") {
    for (const Moment& moment : Moments()) {
      CAPTURE(moment.name);
      KilledShop shop(moment);
      const Said said = shop.Release({"recover"});
      CAPTURE(said.err);
      CHECK(said.status == 0);
      shop.CheckLive("1");
      CheckUndone(&shop, 0);
      CHECK(shop.Release({"recover"}).json["result"] == "nothing");
    }
  }

  TEST_CASE("the next changing command settles a killed deploy, too") {
    for (const Moment& moment : Moments()) {
      CAPTURE(moment.name);
      KilledShop shop(moment);
      shop.Deploy("3");
      shop.CheckLive("3");
      CheckUndone(&shop, 1);
      CHECK(shop.Release({"rollback"}).status == 0);
      shop.CheckLive("1");
    }
  }
}

TEST_SUITE("inside a container: before a boot") {
  TEST_CASE("a deploy is in its health wait") { BeginDeploy(true); }
}

TEST_SUITE("inside a container: before a boot without recovery") {
  TEST_CASE("a deploy is in its health wait") { BeginDeploy(false); }
}

TEST_SUITE("inside a container: after a boot") {
  TEST_CASE("it was undone before the service started") {
    LiveShop shop{LiveShop::AsItIs()};
    REQUIRE(Within(seconds(60), [&] { return shop.Ask().status == 200; }));
    shop.CheckLive("1");
    const auto takeups = shop.TakeUps();
    REQUIRE_FALSE(takeups.empty());
    CHECK(takeups.back() == "start 1");
    CHECK(std::count(takeups.begin(), takeups.end(), "start 2") == 0);
    CHECK(shop.Status()["ok"] == true);
    CHECK(shop.Status()["last"]["result"] == "undone");
    CHECK(shop.Release({"deploy", shop.Archive("3")}).status == 0);
    shop.CheckLive("3");
  }
}

TEST_SUITE("inside a container: after a boot without recovery") {
  TEST_CASE("the service has started in a release that never proved good") {
    LiveShop shop{LiveShop::AsItIs()};
    REQUIRE(Within(seconds(60), [&] { return shop.Ask().status == 200; }));
    CHECK(shop.Ask().body == "release 2 serves\n");
    CHECK(shop.Status()["interrupted"] == true);
    CHECK(shop.Release({"recover"}).status == 0);
    shop.CheckLive("1");
  }
}

TEST_CASE("a deploy that is killed at any step after the switch is undone") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: kill -9", 2);
}

TEST_CASE("a machine that dies in a health wait boots the good release") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: before a boot", 1);
  REQUIRE(container.PowerCycle().ok());
  CheckSuiteInside(&container, "inside a container: after a boot", 1);
}

TEST_CASE("a machine rebooted in a health wait boots the good release") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: before a boot", 1);
  REQUIRE(container.Reboot().ok());
  CheckSuiteInside(&container, "inside a container: after a boot", 1);
}

TEST_CASE("without the unit a dead machine boots an unproven release") {
  SystemdContainer container;
  CheckSuiteInside(&container,
                   "inside a container: before a boot without recovery", 1);
  REQUIRE(container.PowerCycle().ok());
  CheckSuiteInside(&container,
                   "inside a container: after a boot without recovery", 1);
}

}  // namespace release
