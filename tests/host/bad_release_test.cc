// A bad release of each kind is undone, and reported with its own error code.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "support/archives.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// An app whose release 1 is live.
class ShopWithOne : public LiveShop {
 public:
  explicit ShopWithOne(const std::string& config = Config())
      : LiveShop(config), config_(config) {
    Deploy("1");
    CheckLive("1");
  }

  // Deploys the archive of release 2, and checks that it is undone with that
  // error code. Returns the error message and the lines below it.
  std::string CheckUndone(const std::string& archive, std::string code,
                          Patience patience = Patience::kPatient) {
    if (patience == Patience::kImpatient) HurryUp();
    const Said said = Release({"deploy", archive});
    WriteConfig(config_);
    CAPTURE(said.err);
    CAPTURE(said.json.dump());
    CHECK(said.status == 4);
    CHECK(said.json["exit"] == 4);
    CHECK(said.json["result"] == "undone");
    CHECK(said.json["live"] == "1");
    // The probe may see the end of the service before systemd does.
    if (code == "service-died" && said.Code() == "health-lost") {
      code = "health-lost";
    }
    CHECK(said.Code() == code);
    CHECK(Has(said.err, said.Message()));
    CHECK(Has(said.err, "undone; 1 is live again"));
    CheckLive("1");
    const nlohmann::json last = Status()["last"];
    CHECK(last["code"] == code);
    CHECK(last["message"] == said.Message());
    // The next deploy must work.
    CHECK(Release({"deploy", Archive("3")}).status == 0);
    CheckLive("3");
    return said.Message() + said.json["error"]["detail"].dump();
  }
  std::string CheckBehaviourUndone(const std::string& behaviour,
                                   const std::string& code,
                                   Patience patience = Patience::kPatient) {
    return CheckUndone(Archive("2", behaviour), code, patience);
  }
  // Until the configuration is written again, only a release that fails for
  // lack of time is deployed.
  void HurryUp() { WriteConfig(Config("300ms", Patience::kImpatient)); }

 private:
  std::string config_;
};

constexpr LiveShop::Patience kImpatient = LiveShop::Patience::kImpatient;

// Checks that a release that ends its service is undone, and returns whether
// the message has that line of the journal. On a busy machine the journal may
// get the line only after the command has read it, so there are more tries.
bool SaysInTime(const std::string& config, const std::string& behaviour,
                const std::string& line) {
  for (int tries = 0; tries < 5; ++tries) {
    ShopWithOne shop(config);
    const std::string message =
        shop.CheckBehaviourUndone(behaviour, "service-died");
    if (Has(message, line)) return true;
  }
  return false;
}

std::string HookConfig(const std::string& hook, const std::string& line) {
  const bool hangs = line.ends_with("sleep 60");
  return fmt::format(
      "{}[hooks]\n{} = [\"/bin/sh\", \"-c\", \"case $RELEASE_VERSION in 2) "
      "{};; "
      "esac\"]\ntimeout = \"{}\"\n",
      LiveShop::Config(), hook, line, hangs ? "1s" : "60s");
}

}  // namespace

TEST_SUITE("inside a container: bad releases") {
  TEST_CASE("a unit that is not running is started, with a warning") {
    LiveShop shop;
    const Said first = shop.Release({"deploy", shop.Archive("1")});
    CHECK(first.status == 0);
    CHECK(Has(first.json["warnings"].dump(), "shop.service was not running"));
    CHECK(Has(first.err, "shop.service was not running"));
    shop.CheckLive("1");
    CHECK(shop.Release({"deploy", shop.Archive("2")}).json["warnings"].empty());
    shop.CheckLive("2");
  }

  TEST_CASE("a release that exits on reload is undone") {
    CHECK(SaysInTime(LiveShop::Config(), "die", "no, I cannot go on"));
  }

  TEST_CASE("a release that hangs on reload is undone") {
    ShopWithOne shop;
    const std::string message =
        shop.CheckBehaviourUndone("hang", "reload-timeout", kImpatient);
    CAPTURE(message);
    CHECK(Has(message, "3.0 s"));
  }

  TEST_CASE("a release that crashes two seconds later is undone") {
    CHECK(SaysInTime(LiveShop::Config("2500ms"), "crash", "status=14/ALRM"));
  }

  TEST_CASE("a release that answers 500 is undone") {
    ShopWithOne shop;
    const std::string message =
        shop.CheckBehaviourUndone("error", "health-deadline", kImpatient);
    CHECK(Has(message, "status 500, body \"release 2 serves\\n\""));
  }

  TEST_CASE("a release that answers as the one before is undone") {
    ShopWithOne shop;
    const std::string message = shop.CheckUndone(shop.Archive("2", "ok", "1"),
                                                 "health-deadline", kImpatient);
    CHECK(Has(message, "status 200, body \"release 1 serves\\n\""));
  }

  TEST_CASE("a release that never answers is undone") {
    ShopWithOne shop;
    const std::string message =
        shop.CheckBehaviourUndone("mute", "health-deadline", kImpatient);
    CHECK(Has(message, "last answer: no answer: "));
  }

  TEST_CASE("a service that keeps running the release before is undone") {
    ShopWithOne shop;
    const std::string message = shop.CheckBehaviourUndone(
        "keep", "service-runs-old-release", kImpatient);
    CHECK(Has(message, "/srv/shop/releases/1"));
  }

  TEST_CASE("a post_activate hook that fails or hangs has it undone") {
    {
      ShopWithOne shop(HookConfig("post_activate", "echo no coffee; exit 7"));
      const std::string message =
          shop.CheckUndone(shop.Archive("2"), "hook-failed");
      CHECK(Has(message, "no coffee"));
      CHECK(Has(message, "7"));
    }
    ShopWithOne shop(HookConfig("post_activate", "echo waiting; sleep 60"));
    const std::string message =
        shop.CheckUndone(shop.Archive("2"), "hook-timeout");
    CHECK(Has(message, "waiting"));
  }

  TEST_CASE("a pre_activate hook that fails or hangs leaves all as it was") {
    const auto check = [](const std::string& line, const std::string& code) {
      ShopWithOne shop(HookConfig("pre_activate", line));
      const auto before = shop.TakeUps();
      const Said said = shop.Release({"deploy", shop.Archive("2")});
      CAPTURE(said.err);
      CHECK(said.status == 1);
      CHECK(said.Code() == code);
      CHECK(Has(said.json["error"]["detail"].dump(), "no tea"));
      CHECK(Has(said.err, "no tea"));
      CHECK(Has(said.err, "nothing changed; 1 is live"));
      CHECK(shop.TakeUps() == before);
      CHECK_FALSE(shop.Shell("test -e /srv/shop/releases/2").ok());
      shop.CheckLive("1");
    };
    check("echo no tea; exit 1", "hook-failed");
    check("echo no tea; sleep 60", "hook-timeout");
  }

  TEST_CASE("the record keeps a hook's output") {
    ShopWithOne shop(HookConfig("post_activate", "echo brewed twice"));
    CHECK(shop.Release({"deploy", shop.Archive("2")}).status == 0);
    CHECK(
        Has(shop.Release({"history", "-n", "1"}).json.dump(), "brewed twice"));
    shop.WriteConfig(
        HookConfig("post_activate", "seq 50 | sed s/^/line/; exit 1"));
    shop.Release({"rollback"});
    const Said said = shop.Release({"activate", "2"});
    CHECK(said.status == 4);
    CHECK(Has(said.err, "line50"));
    const std::string history =
        shop.Release({"history", "-n", "1"}).json.dump();
    CHECK(Has(history, "line1\\n"));
    CHECK(Has(history, "line50"));
  }

  TEST_CASE("if the previous release is broken too, the outcome is in doubt") {
    ShopWithOne shop;
    const auto before = shop.TakeUps().size();
    Spill("/srv/shop/broken", "");
    shop.HurryUp();
    const Said said = shop.Release({"deploy", shop.Archive("2")});
    shop.WriteConfig(LiveShop::Config());
    CAPTURE(said.err);
    CHECK(said.status == 5);
    CHECK(said.json["result"] == "in-doubt");
    CHECK(said.Code() == "undo-failed");
    // The message gives both reasons: why release 2 failed, and why release 1
    // failed.
    CHECK(Has(said.Message(), "release 2 serves"));
    CHECK(Has(said.Message(), "release 1 serves"));
    CHECK(shop.Current() == "releases/1");
    // The service reloads twice, forward and back; the command does not retry.
    auto takeups = shop.TakeUps();
    takeups.erase(takeups.begin(), takeups.begin() + static_cast<long>(before));
    CHECK(takeups == std::vector<std::string>{"reload 2", "reload 1"});
    const Said status = shop.Release({"status", "--check"});
    CHECK(status.status == 8);
    CHECK(Has(status.json["problems"].dump(), "ended in doubt"));
    // After the repair, the next deploy works as usual.
    REQUIRE(shop.Shell("rm /srv/shop/broken").ok());
    CHECK(shop.Release({"deploy", shop.Archive("3")}).status == 0);
    shop.CheckLive("3");
  }
}

TEST_CASE("a bad release is undone and reported with its error code") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: bad releases", 12);
}

}  // namespace release
