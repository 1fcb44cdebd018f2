// The units that run on their own: delivery of waiting notices, the weekly
// verify, and failures that stay visible.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/watched_shop.h"
#include "support/archives.h"
#include "support/http_server.h"

namespace release {
namespace {

using nlohmann::json;
using std::chrono::seconds;
namespace fs = boost::filesystem;

constexpr char kNotifyTimer[] = "release-notify@shop.timer";
constexpr char kNotifyUnit[] = "release-notify@shop.service";
constexpr char kVerifyTimer[] = "release-verify@shop.timer";
constexpr char kVerifyUnit[] = "release-verify@shop.service";
// Only a test that fails waits this long.
constexpr seconds kPatience(60);
constexpr char kMotd[] = "/run/motd.d/release-shop";
constexpr char kEachSecond[] =
    "[Timer]\nOnBootSec=\nOnCalendar=\nOnUnitActiveSec=\nRandomizedDelaySec=0\n"
    "OnActiveSec=1s\nOnUnitActiveSec=1s\nAccuracySec=100ms\n";

std::string Notifying(const std::string& url) {
  return LiveShop::Config("50ms") +
         "[notify]\non = [\"failure\"]\nwebhook = \"" + url + "\"\n";
}

bool Failed(LiveShop* shop, const std::string& unit) {
  return shop->Shell("systemctl is-failed " + unit).ok();
}

// Whether a failure is visible: the unit that writes the motd is active.
bool InSight(LiveShop* shop) {
  return shop->Shell("systemctl is-active release-failed@shop").ok();
}

// Makes the timer start its service every second. systemd would soon refuse to
// start a service that often.
void StartEachSecond(WatchedShop* shop, const std::string& timer,
                     const std::string& service) {
  shop->AddToUnit(service, "[Unit]\nStartLimitIntervalSec=0\n");
  shop->AddToUnit(timer, kEachSecond);
  REQUIRE(shop->Shell("systemctl start " + timer).ok());
}

}  // namespace

TEST_SUITE("inside a container: units") {
  TEST_CASE("a notice that waits is delivered by the timer, once") {
    WatchedShop shop(Notifying("http://127.0.0.1:1/"));
    shop.Upload("shop-bad.tar", shop.Bytes("bad", "die"));
    REQUIRE(shop.Settles());
    CHECK(shop.Status()["undelivered"] == 1);
    std::atomic<int> came = 0;
    HttpServer chat([&](const std::string&) {
      ++came;
      return HttpAnswer(200, "");
    });
    shop.WriteConfig(Notifying(chat.Url("/")));
    // A notice is due half a minute after its last try. Without the file of
    // tries it is due at once.
    fs::remove("/srv/shop/.release/outbox/.tries");
    StartEachSecond(&shop, kNotifyTimer, kNotifyUnit);
    CHECK(Within(kPatience, [&] { return came == 1; }));
    CHECK(Within(kPatience, [&] { return shop.Status()["undelivered"] == 0; }));
    // The next run has nothing to deliver.
    REQUIRE(shop.Shell(fmt::format("systemctl start {}", kNotifyUnit)).ok());
    CHECK(came == 1);
    shop.Shell(fmt::format("systemctl stop {}", kNotifyTimer));
  }

  TEST_CASE("a receiver that is still down is no failure of the unit") {
    WatchedShop shop(Notifying("http://127.0.0.1:1/"));
    shop.Upload("shop-bad.tar", shop.Bytes("bad", "die"));
    REQUIRE(shop.Settles());
    fs::remove("/srv/shop/.release/outbox/.tries");
    CHECK(shop.Shell(fmt::format("systemctl start {}", kNotifyUnit)).ok());
    CHECK_FALSE(Failed(&shop, kNotifyUnit));
    CHECK(shop.Status()["undelivered"] == 1);
  }

  TEST_CASE("a damaged tree stays visible until it is acknowledged") {
    WatchedShop shop;
    StartEachSecond(&shop, kVerifyTimer, kVerifyUnit);
    const std::string passed = fmt::format(
        "systemctl show -P ExecMainExitTimestampMonotonic {} | grep -qv '^0$'",
        kVerifyUnit);
    CHECK(Within(kPatience, [&] { return shop.Shell(passed).ok(); }));
    CHECK_FALSE(Failed(&shop, kVerifyUnit));
    CHECK_FALSE(fs::exists(kMotd));
    // The motd names the units that have failed, and a unit that the timer has
    // just started anew is none of them.
    shop.Shell(fmt::format("systemctl stop {} {}", kVerifyTimer, kVerifyUnit));
    Spill("/srv/shop/releases/1/version", "1 \n");
    CHECK_FALSE(
        shop.Shell(fmt::format("systemctl start {}", kVerifyUnit)).ok());
    CHECK(Failed(&shop, kVerifyUnit));
    CHECK(Within(kPatience, [&] { return InSight(&shop); }));
    CHECK(Slurp(kMotd).find(kVerifyUnit) != std::string::npos);
    CHECK(shop.Shell(fmt::format("systemctl show -P ExecMainStatus {} | "
                                 "grep -qx 8 && journalctl --sync && "
                                 "journalctl -q -u {} | "
                                 "grep -Eq 'M +version'",
                                 kVerifyUnit, kVerifyUnit))
              .ok());
    // A successful upload must not hide the failure.
    shop.Upload("shop-2.tar", shop.Bytes("2"));
    REQUIRE(shop.Settles());
    CHECK(shop.Current() == "releases/2");
    CHECK(fs::exists(kMotd));
    CHECK(Failed(&shop, kVerifyUnit));
    CHECK(shop.Shell("systemctl stop release-failed@shop").ok());
    CHECK_FALSE(fs::exists(kMotd));
    CHECK_FALSE(Failed(&shop, kVerifyUnit));
  }

  TEST_CASE("a recovery that needs a person is visible, and the app starts") {
    WatchedShop shop;
    shop.Shell(
        "systemctl stop shop.service release-recover@shop.service;"
        "mv /etc/release/shop.toml /etc/release/kept;"
        "echo 'root = 7' >/etc/release/shop.toml");
    CHECK(shop.Shell("systemctl start shop.service").ok());
    CHECK(Failed(&shop, "release-recover@shop.service"));
    // The failure is visible although the command cannot report it.
    CHECK(Within(kPatience, [&] { return InSight(&shop); }));
    CHECK(Slurp(kMotd).find("release-recover@shop.service") !=
          std::string::npos);
    shop.Shell("mv /etc/release/kept /etc/release/shop.toml");
    CHECK(shop.Shell("systemctl stop release-failed@shop").ok());
    CHECK_FALSE(Failed(&shop, "release-recover@shop.service"));
  }

  TEST_CASE("the units are valid and start in the right order") {
    WatchedShop shop;
    const CommandResult said = shop.Shell(
        "cd /etc/systemd/system && for u in release-*@.*; do "
        "systemd-analyze verify --man=no $(echo $u | sed s/@/@shop/) 2>&1; "
        "done | "
        "grep release-");
    CAPTURE(said.output);
    CHECK(said.output.empty());
    const auto ordered = [&](const std::string& unit,
                             const std::string& after) {
      return shop
          .Shell(fmt::format("systemctl show -P After {} | tr ' ' '\\n' | "
                             "grep -qx {}",
                             unit, after))
          .ok();
    };
    CHECK(ordered("shop.service", "release-recover@shop.service"));
    CHECK(ordered(kIntakeUnit, "release-recover@shop.service"));
    CHECK(ordered(kIntakeUnit, "shop.service"));
    CHECK_FALSE(ordered("release-recover@shop.service", "shop.service"));
  }

  TEST_CASE("a root elsewhere is served by the drop-ins that check prints") {
    WatchedShop shop;
    const auto must = [&](const std::string& line) {
      const CommandResult result = shop.Shell("set -e; " + line);
      INFO(line << "\n" << result.output);
      CHECK(result.ok());
    };
    must(
        "rm -rf /var/www/site; mkdir -p /var/www;"
        "echo 'root = \"/var/www/site\"' >/etc/release/site.toml;"
        "release --app site init");
    shop.Archive("7");
    must(
        "cp /srv/archives/shop-7.tar /var/www/site/incoming/site-7.tar;"
        "cd /var/www/site/incoming; sha256sum site-7.tar >site-7.tar.sha256");
    // Control: without the drop-ins the unit runs, and says why it cannot work.
    // It then sleeps, so that nothing spins.
    must("systemctl start --no-block release-intake@site.service");
    CHECK(Within(kPatience, [&] {
      return shop
          .Shell(
              "journalctl -q -u release-intake@site.service | "
              "grep -q Read-only")
          .ok();
    }));
    shop.Shell("systemctl kill release-intake@site.service");
    must(
        "release --app site check --units | sh;"
        "systemctl enable --now release-intake@site.path");
    CHECK(Within(kPatience, [&] {
      return shop
          .Shell("test \"$(readlink /var/www/site/current)\" = releases/7")
          .ok();
    }));
    must(
        "systemctl disable --now release-intake@site.path;"
        "rm /etc/release/site.toml");
  }

  TEST_CASE("the unit that only reads is confined to reading") {
    WatchedShop shop;
    const CommandResult said =
        shop.Shell("systemd-analyze security --no-pager --threshold=20 " +
                   std::string(kVerifyUnit));
    CAPTURE(said.output);
    CHECK(said.ok());
  }
}

TEST_SUITE("inside a container: a failure is not seen") {
  TEST_CASE("before a boot") {
    WatchedShop shop;
    shop.Upload("shop-bad.tar", shop.Bytes("bad", "die"));
    REQUIRE(shop.Settles());
    REQUIRE(Within(kPatience, [&] { return InSight(&shop); }));
  }
}

TEST_SUITE("inside a container: a failure is seen") {
  TEST_CASE("after a boot") {
    WatchedShop shop{LiveShop::AsItIs{}};
    CHECK(Within(kPatience, [&] { return InSight(&shop); }));
    CHECK(Slurp(kMotd).find("service-died") != std::string::npos);
    CHECK(shop.Shell("systemctl stop release-failed@shop").ok());
    CHECK_FALSE(fs::exists(kMotd));
  }
}

TEST_CASE(
    "what nobody has seen is in sight after a boot, and what was is not") {
  SystemdContainer container;
  const std::string in_sight = std::string("test -e ") + kMotd;
  CheckSuiteInside(&container, "inside a container: a failure is not seen", 1);
  REQUIRE(container.Reboot().ok());
  CHECK(container.Shell(in_sight).ok());
  REQUIRE(container.PowerCycle().ok());
  CheckSuiteInside(&container, "inside a container: a failure is seen", 1);
  REQUIRE(container.Reboot().ok());
  CHECK_FALSE(container.Shell(in_sight).ok());
}

TEST_CASE("the units do their work on their own") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: units", 7);
}

}  // namespace release
