// The user `deploy` runs `release` without sudo; polkit lets it reload one
// unit. Uses the sample rules of docs/security.md unchanged, and a real
// polkitd.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "support/archives.h"

namespace release {
namespace {

constexpr char kRules[] = "/etc/polkit-1/rules.d/50-release.rules";

// An app whose root belongs to the user `deploy`, with release 1 live.
class OwnShop : public LiveShop {
 public:
  OwnShop() {
    Deploy("1");
    Spill("/etc/systemd/system/other.service",
          "[Service]\nExecStart=/bin/sleep 600\nExecReload=/bin/true\n");
    // A restart makes polkitd read its rules again.
    const CommandResult ready = Shell(
        fmt::format("set -e; exec 2>&1; rm -f {0}; mkdir -p -m 755 "
                    "/etc/polkit-1/rules.d; systemctl daemon-reload;"
                    "systemctl start dbus.service other.service;"
                    "id deploy || useradd -m -s /bin/sh deploy;"
                    "chown -R deploy: /srv/shop; systemctl restart polkit",
                    kRules));
    CAPTURE(ready.output);
    REQUIRE(ready.ok());
  }

  void InstallSample() {
    Spill(kRules, Slurp(RELEASE_SOURCE_DIR "/docs/samples/polkit.rules"));
    REQUIRE(Shell("systemctl restart polkit").ok());
  }

  CommandResult AsDeploy(const std::string& line) {
    return Shell(
        "exec setpriv --reuid deploy --regid deploy --clear-groups "
        "env -u XDG_RUNTIME_DIR " +
        line + " 2>&1 </dev/null");
  }
  CommandResult DeployAsDeploy(const std::string& version) {
    return AsDeploy("/usr/bin/release --app shop --json deploy " +
                    Archive(version));
  }
};

constexpr const char* kAllowed[] = {
    "reload shop.service", "restart shop.service", "reset-failed shop.service"};

constexpr const char* kRefused[] = {"stop shop.service",
                                    "kill shop.service",
                                    "mask shop.service",
                                    "disable shop.service",
                                    "edit shop.service",
                                    "set-property shop.service CPUWeight=1",
                                    "reload other.service",
                                    "restart other.service",
                                    "stop other.service",
                                    "start other.service",
                                    "restart dbus.service",
                                    "daemon-reload",
                                    "reset-failed",
                                    "reboot",
                                    "isolate rescue.target",
                                    "set-environment A=b",
                                    "link /tmp/shop.service",
                                    "restart shop.service other.service",
                                    "start systemd-exit.service"};

}  // namespace

TEST_SUITE("inside a container: polkit") {
  TEST_CASE("with the sample's rule, the user deploy can reload its unit") {
    OwnShop shop;
    // Control: without the rule polkit refuses every reload, also that of the
    // undo, so manual intervention is required (5).
    const CommandResult before = shop.DeployAsDeploy("2");
    CAPTURE(before.output);
    CHECK(before.status == 5);
    CHECK(before.output.find("authentication required") != std::string::npos);
    shop.CheckLive("1");
    shop.InstallSample();
    const CommandResult after = shop.DeployAsDeploy("3");
    CAPTURE(after.output);
    CHECK(after.status == 0);
    shop.CheckLive("3");
    CHECK(shop.AsDeploy("/usr/bin/release --app shop rollback").ok());
    shop.CheckLive("1");
  }

  TEST_CASE("the rule allows what a deploy needs, on that unit only") {
    OwnShop shop;
    const auto asks = [&](const std::string& words) {
      return shop.AsDeploy("systemctl --no-ask-password " + words).ok();
    };
    for (const char* words : kAllowed) {
      CAPTURE(words);
      CHECK_FALSE(asks(words));
    }
    shop.InstallSample();
    for (const char* words : kAllowed) {
      CAPTURE(words);
      CHECK(asks(words));
    }
    for (const char* words : kRefused) {
      CAPTURE(words);
      CHECK_FALSE(asks(words));
    }
    CHECK(shop.Shell("systemctl is-active shop.service other.service").ok());
    // Another user does not have these permissions.
    CHECK_FALSE(shop.Shell("setpriv --reuid nobody --clear-groups systemctl "
                           "--no-ask-password reload shop.service")
                    .ok());
  }
}

TEST_CASE("polkit lets a deploy user reload one unit and nothing else") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: polkit", 2);
}

}  // namespace release
