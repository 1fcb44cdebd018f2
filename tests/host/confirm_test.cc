// A release on probation stays live only if it is confirmed.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/started.h"
#include "support/archives.h"

namespace release {
namespace {

using std::chrono::seconds;
namespace fs = boost::filesystem;

constexpr char kBroken[] = "/srv/shop/broken";

std::vector<std::string> Deploying(LiveShop* shop, const std::string& version,
                                   const std::string& within) {
  return LiveShop::Words(
      {"deploy", shop->Archive(version), "--confirm-within=" + within});
}

// As above, but under a shell, which a test can kill.
std::vector<std::string> ByShell(const std::vector<std::string>& words) {
  std::vector<std::string> argv = {"sh", "-c", "\"$@\"; true", "sh"};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

}  // namespace

TEST_SUITE("inside a container: confirmation") {
  TEST_CASE("a release stays if it is confirmed, and is undone otherwise") {
    LiveShop shop;
    shop.Deploy("1");
    const Said late =
        shop.Release({"deploy", shop.Archive("2"), "--confirm-within", "2s"});
    CAPTURE(late.err);
    CHECK(late.status == 4);
    CHECK(late.Code() == "not-confirmed");
    shop.CheckLive("1");

    Started deploy(Deploying(&shop, "3", "60s"));
    REQUIRE(shop.AwaitStep("confirm"));
    CHECK(shop.Current() == "releases/3");
    CHECK(shop.Release({"confirm"}).status == 0);
    CHECK(deploy.Wait() == 0);
    shop.CheckLive("3");
    CHECK(shop.Status()["last"]["result"] == "committed");
    // No deploy waits for a confirmation any more.
    CHECK(shop.Release({"confirm"}).status == 1);
  }

  TEST_CASE("a confirmation during the health wait counts as well") {
    LiveShop shop;
    shop.Deploy("1");
    // Until this is removed, no answer is good and the health wait goes on.
    Spill(kBroken, "");
    Started deploy(Deploying(&shop, "2", "60s"));
    REQUIRE(shop.AwaitStep("health"));
    CHECK(shop.Release({"confirm"}).status == 0);
    fs::remove(kBroken);
    CHECK(deploy.Wait() == 0);
    shop.CheckLive("2");
  }

  TEST_CASE("an abort ends the health wait and the confirmation wait at once") {
    for (const char* step : {"health", "confirm"}) {
      CAPTURE(step);
      const bool health = std::string(step) == "health";
      LiveShop shop;
      shop.Deploy("1");
      if (health) Spill(kBroken, "");
      Started deploy(Deploying(&shop, "2", "300s"));
      REQUIRE(shop.AwaitStep(step));
      CHECK(shop.Release({"abort"}).status == 0);
      // Without the abort these waits would take one and five minutes.
      CHECK(
          Within(seconds(30), [&] { return shop.Current() == "releases/1"; }));
      // The undo needs a good answer.
      fs::remove(kBroken);
      CHECK(deploy.Wait() == 4);
      shop.CheckLive("1");
      CHECK(shop.Status()["last"]["code"] == "aborted");
      // The release was aborted, not found unhealthy, so it can be deployed
      // again.
      CHECK(shop.Release({"deploy", shop.Archive("2")}).status == 0);
      shop.CheckLive("2");
    }
  }

  TEST_CASE("the death of the caller changes neither outcome") {
    for (const bool confirmed : {true, false}) {
      CAPTURE(confirmed);
      LiveShop shop;
      shop.Deploy("1");
      Started shell(ByShell(Deploying(&shop, "2", confirmed ? "60s" : "3s")));
      REQUIRE(shop.AwaitStep("confirm"));
      shell.Kill(SIGKILL);
      CHECK(shell.Wait() == 128 + SIGKILL);
      if (confirmed) {
        CHECK(shop.Step() == "confirm");
        CHECK(shop.Release({"confirm"}).status == 0);
      }
      REQUIRE(Within(seconds(90), [&] { return shop.Step().empty(); }));
      shop.CheckLive(confirmed ? "2" : "1");
      const nlohmann::json last = shop.Status()["last"];
      CHECK(last["result"] == (confirmed ? "committed" : "undone"));
      if (!confirmed) CHECK(last["code"] == "not-confirmed");
    }
  }
}

TEST_CASE("a release on probation stays only if it is confirmed") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: confirmation", 4);
}

}  // namespace release
