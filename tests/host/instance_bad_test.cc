// Instance mode and bad releases: what each way of being bad leads to, for the
// users and for the instance that serves them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/front.h"
#include "host/instance_shop.h"
#include "host/started.h"
#include "host/user_load.h"

namespace release {
namespace {

using std::chrono::seconds;
using Versions = std::vector<std::string>;

constexpr char kFrontUrl[] = "front_url = \"http://127.0.0.1:8080/up\"\n";

constexpr char kTrial[] =
    "[trial]\nunit = \"shop-trial@.service\"\n"
    "url = \"unix:/run/shop-trial/{version}/http.sock:/up\"\n";

struct Bad {
  std::string behaviour;
  std::string code;
  std::string says = "";  // the version that it answers; empty: its own
  std::string min_healthy_time = "100ms";
};

const std::vector<Bad>& BadReleases() {
  static const std::vector<Bad> releases = {
      {"absent", "service-died"},     {"crash", "service-died", "", "4s"},
      {"closed", "health-deadline"},  {"astray", "health-deadline"},
      {"error", "health-deadline"},   {"mute", "health-deadline"},
      {"ok", "health-deadline", "1"}, {"foreign", "peer-differs"},
  };
  return releases;
}

// A release that can only be found bad by waiting is waited for this long.
std::string Impatient(const Bad& bad) {
  return InstanceShop::Config("", bad.min_healthy_time,
                              bad.code == "health-deadline" ? "1s" : "60s");
}

std::string StateOf(InstanceShop* shop, const std::string& version) {
  const Said said = shop->Release({"list"});
  for (const nlohmann::json& row : said.json["releases"]) {
    if (row["version"] == version) return row["state"];
  }
  return "absent";
}

// The units of trials that systemd still knows.
std::string TrialsLeft(InstanceShop* shop) {
  return shop
      ->Shell("systemctl list-units --all --plain --no-legend 'shop-trial@*'")
      .output;
}

// Checks what a deploy of `version` said that failed before its switch.
void CheckNothingChanged(InstanceShop* shop, const Said& said,
                         const std::string& version) {
  CAPTURE(said.err);
  CAPTURE(said.json.dump());
  CHECK(said.status == 1);
  CHECK(said.json["live"] == "1");
  CHECK(said.err.find("nothing changed") != std::string::npos);
  CHECK(shop->UserRequests(version) == Versions{});
  CHECK(StateOf(shop, version) == "failed");
  CHECK(shop->Current() == "releases/1");
  // The instance was stopped before the command returned.
  CHECK(shop->Instances() == Versions{"1"});
}

}  // namespace

TEST_SUITE("inside a container: bad instances") {
  TEST_CASE("no user reaches a release that is bad on its own socket") {
    InstanceShop shop;
    Front front;
    shop.Deploy("1");
    const int pid = shop.Pid("1");
    UserLoad load({"1"});
    int number = 2;
    for (const Bad& bad : BadReleases()) {
      CAPTURE(bad.behaviour);
      CAPTURE(bad.says);
      const std::string version = std::to_string(number++);
      shop.WriteConfig(Impatient(bad));
      const Said said = shop.Release(
          {"deploy", shop.Archive(version, bad.behaviour, bad.says)});
      // The end of an instance may be seen by the probe first.
      const bool lost =
          bad.behaviour == "crash" && said.Code() == "health-lost";
      if (!lost) CHECK(said.Code() == bad.code);
      CheckNothingChanged(&shop, said, version);
      CHECK(shop.Pid("1") == pid);
      shop.Shell("systemctl stop 'shop-foreign-*'");
    }
    CHECK(load.Await(100));
    const UserLoad::Counts counts = load.End();
    CAPTURE(counts.first_problem);
    CHECK(counts.errors == 0);
    CHECK(counts.unexpected == 0);
    shop.WriteConfig(InstanceShop::Config());
    shop.CheckOnly("1");
  }

  TEST_CASE("what failed before can be deployed when the cause is mended") {
    InstanceShop shop;
    shop.Deploy("1");
    const std::string archive = shop.Archive("2", "lacking");
    CHECK(shop.Release({"deploy", archive}).status == 1);
    CHECK(shop.Release({"deploy", archive}).status == 1);
    shop.CheckOnly("1");
    shop.MakeFile("mended");
    const Said mended = shop.Release({"deploy", archive});
    CAPTURE(mended.err);
    CHECK(mended.status == 0);
    shop.CheckOnly("2");
  }

  TEST_CASE("a rollback to a release that no longer answers changes nothing") {
    InstanceShop shop;
    shop.MakeFile("mended");
    const Said first = shop.Release({"deploy", shop.Archive("1", "lacking")});
    CAPTURE(first.err);
    REQUIRE(first.status == 0);
    shop.Deploy("2");
    const int pid = shop.Pid("2");
    REQUIRE(shop.AwaitOnly("2"));
    shop.RemoveFile("mended");
    const Said said = shop.Release({"rollback"});
    CAPTURE(said.err);
    CHECK(said.status == 1);
    CHECK(said.Code() == "service-died");
    CHECK(shop.Pid("2") == pid);
    CHECK(StateOf(&shop, "1") == "good");
    shop.CheckOnly("2");
    shop.MakeFile("mended");
    CHECK(shop.Release({"rollback"}).status == 0);
    shop.CheckOnly("1");
  }

  TEST_CASE("a release that fails only through the front is undone") {
    InstanceShop shop(InstanceShop::Config(kFrontUrl));
    Front front;
    shop.Deploy("1");
    const int pid = shop.Pid("1");
    const Said said = shop.Release({"deploy", shop.Archive("2", "blocked")});
    CAPTURE(said.err);
    CHECK(said.status == 4);
    CHECK(said.Code() == "front-failed");
    CHECK(shop.Instances() == Versions{"1"});
    CHECK(shop.Pid("1") == pid);
    CHECK(StateOf(&shop, "2") == "failed");
    shop.CheckOnly("1");
    shop.Deploy("3");
    shop.CheckOnly("3");
  }

  TEST_CASE("without front_url users meet what only the front shows") {
    InstanceShop shop;
    Front front;
    shop.Deploy("1");
    UserLoad load({"1"});
    REQUIRE(shop.Release({"deploy", shop.Archive("2", "blocked")}).status == 0);
    CHECK(load.Await(100));
    CHECK(load.End().errors > 0);
    CHECK(shop.UserRequests("2") != Versions{});
  }

  TEST_CASE("the same releases reach the users of a plain unit") {
    PlainShop shop;
    Front front(PlainShop::Nginx());
    shop.Deploy("1");
    UserLoad load({"1"});
    REQUIRE(load.Await(100));
    load.Expect({"1", "2"});
    // A restart has a gap.
    shop.Deploy("2");
    // The undo gets the deadline of the deploy, so this ends by an abort: a
    // deadline that ends soon would be too short for the undo.
    Started bad(LiveShop::Words({"deploy", shop.Archive("3", "error")}));
    CHECK(Within(seconds(60),
                 [&] { return shop.UserRequests("3") != Versions{}; }));
    REQUIRE(shop.AwaitStep("health"));
    CHECK(shop.Release({"abort"}).status == 0);
    CHECK(bad.Wait() == 4);
    CHECK(load.Await(100));
    const UserLoad::Counts counts = load.End();
    MESSAGE("plain unit: " << counts.good << " good, " << counts.errors
                           << " errors");
    CHECK(counts.errors > 0);
  }

  TEST_CASE("a trial finds them before a plain unit is restarted") {
    PlainShop shop(kTrial);
    Front front(PlainShop::Nginx());
    shop.Deploy("1");
    const int pid = shop.PlainPid();
    UserLoad load({"1"});
    int number = 2;
    shop.WriteConfig(PlainShop::Config("1s") + kTrial);
    for (const char* behaviour : {"absent", "error", "closed"}) {
      CAPTURE(behaviour);
      const std::string version = std::to_string(number++);
      const Said said =
          shop.Release({"deploy", shop.Archive(version, behaviour)});
      CAPTURE(said.err);
      CHECK(said.status == 1);
      CHECK(said.err.find("nothing changed") != std::string::npos);
      CHECK(shop.UserRequests(version) == Versions{});
      CHECK(shop.PlainPid() == pid);
      CHECK(TrialsLeft(&shop) == "");
    }
    CHECK(load.Await(100));
    CHECK(load.End().errors == 0);
    shop.WriteConfig(PlainShop::Config() + kTrial);
    shop.Deploy("9");
    CHECK(shop.PlainPid() != pid);
    CHECK(TrialsLeft(&shop) == "");
  }
}

TEST_CASE("bad releases are found on their own socket") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: bad instances", 7);
}

}  // namespace release
