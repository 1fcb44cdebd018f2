// The machine goes down while an upload is processed.
//
// Recovery settles the interrupted transaction before the app's unit starts.
// The upload is then processed again, unless it had been committed.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/watched_shop.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

using nlohmann::json;
using std::chrono::seconds;
namespace fs = boost::filesystem;

constexpr char kUpload[] = "shop-2.tar";
constexpr char kNotify[] =
    "[notify]\non = [\"failure\", \"recovery\"]\n"
    "webhook = \"http://127.0.0.1:1/\"\n";
// While kHoldIntake exists, the path unit does not start at boot. While
// kHoldReload exists, the reload of the app does not end.
constexpr char kHoldIntake[] = "/srv/hold-intake";
constexpr char kHoldReload[] = "/srv/hold-reload";

// The last step of the transaction that is durable at a moment.
enum class Reached { kNothing, kBegin, kSwitching, kCommitted };

// A moment during an intake, and how the test holds it: rig/calls.c stops the
// command before the call `stops_before`, or the step `step` is configured to
// take forever.
struct Moment {
  std::string name;
  Reached reached;
  std::string stops_before;
  std::string step;
};

const std::vector<Moment>& Moments() {
  static const std::vector<Moment> moments = {
      {"copying", Reached::kNothing, "", ""},
      {"unpack", Reached::kBegin, "openat releases/.partial-", "unpack"},
      {"publish", Reached::kBegin, "renameat2 releases/2", "publish"},
      {"pre_activate", Reached::kBegin, "", "pre_activate"},
      {"switch", Reached::kSwitching, "renameat2 current", "switch"},
      {"reload", Reached::kSwitching, "", "reload"},
      {"health", Reached::kSwitching, "", "health"},
      {"after the commit", Reached::kCommitted, "unlinkat incoming/", ""},
  };
  return moments;
}

// The way in which the machine goes down.
enum class Fall { kPowerCut, kReboot };

// Passes the moment and the way to go down to the suites inside the container,
// in files.
void Tell(const std::string& moment, Fall fall, SystemdContainer* container) {
  REQUIRE(
      container
          ->Shell(fmt::format("echo '{}' >/srv/moment; echo {} >/srv/fall",
                              moment, fall == Fall::kReboot ? "reboot" : "cut"))
          .ok());
}

std::string ToldIn(const std::string& path) {
  const std::string text = Slurp(path);
  return text.substr(0, text.find('\n'));
}

const Moment& ToldMoment() {
  const std::string name = ToldIn("/srv/moment");
  const auto found =
      std::find_if(Moments().begin(), Moments().end(),
                   [&](const Moment& each) { return each.name == name; });
  REQUIRE(found != Moments().end());
  return *found;
}

Fall ToldFall() {
  return ToldIn("/srv/fall") == "reboot" ? Fall::kReboot : Fall::kPowerCut;
}

std::string ConfigFor(const Moment& moment) {
  std::string config =
      LiveShop::Config(moment.name == "health" ? "600s" : "50ms");
  if (moment.name == "reload") {
    const std::string timeout = "timeout = \"60s\"";
    config.replace(config.find(timeout), timeout.size(), "timeout = \"600s\"");
  }
  if (moment.name == "pre_activate") {
    config += "[hooks]\npre_activate = [\"/bin/sleep\", \"600\"]\n";
  }
  return config + kNotify;
}

// Uploads release 2 and returns when the intake has reached the moment. Leaves
// a configuration and units with which the next boot recovers.
class InterruptedShop : public WatchedShop {
 public:
  explicit InterruptedShop(const Moment& moment) : moment_(moment) {
    fs::remove(kHoldIntake);
    fs::remove(kHoldReload);
    Spill("/etc/systemd/system/shop.service",
          Unit("/bin/sh -c 'while test -e /srv/hold-reload; do sleep 0.1; "
               "done; kill -HUP $MAINPID'"));
    REQUIRE(Shell("systemctl daemon-reload; systemctl enable shop.service; "
                  "cp " RELEASE_RIG_CALLS " /usr/lib/release_rig_calls.so")
                .ok());
    WriteConfig(ConfigFor(moment));
    if (moment.name == "reload") Spill(kHoldReload, "");
    AddToUnit(kIntakeUnit, "[Service]\n" + Preload());
    UploadIt();
    REQUIRE(Within(seconds(120), [this] { return Came(); }));
    ResetUnit(kIntakeUnit);
    WriteConfig(Config("50ms") + kNotify);
    AddToUnit(kPathUnit,
              fmt::format("[Unit]\nConditionPathExists=!{}\n", kHoldIntake));
    // Holds the intake after the boot, so that the test can see the state after
    // recovery. After a commit the intake is not held: the boot must find that
    // the upload is live already, and remove it.
    if (moment.reached != Reached::kCommitted) Spill(kHoldIntake, "");
  }

 private:
  std::string Preload() const {
    if (moment_.stops_before.empty()) return "";
    return fmt::format(
        "Environment=LD_PRELOAD=/usr/lib/release_rig_calls.so "
        "RIG_ROOT=/srv/shop RIG_LOG=/srv/shop/.calls "
        "'RIG_STOP_BEFORE={}'\n",
        moment_.stops_before);
  }

  void UploadIt() {
    const std::string bytes = Bytes("2");
    if (moment_.reached == Reached::kNothing) {
      Put(kUpload, bytes.substr(0, bytes.size() / 2));
    } else {
      Upload(kUpload, bytes);
    }
  }

  bool Came() {
    if (!moment_.step.empty()) {
      const json open = Status()["open"];
      if (open.is_null() || open["step"] != moment_.step) return false;
    }
    if (moment_.stops_before.empty()) return true;
    return Shell(fmt::format("test $(cut -d' ' -f3 /proc/$(systemctl show -P "
                             "MainPID {})/stat) = T",
                             kIntakeUnit))
        .ok();
  }

  const Moment& moment_;
};

std::uint64_t TimeOf(LiveShop* shop, const std::string& unit,
                     const std::string& property) {
  return std::stoull(
      shop->Shell(fmt::format("systemctl show -P {} {}", property, unit))
          .output);
}

void CheckRecoveredBeforeTheStart(LiveShop* shop) {
  const std::string recover = "release-recover@shop.service";
  CHECK(shop->Shell("systemctl is-active " + recover).ok());
  const std::uint64_t settled =
      TimeOf(shop, recover, "ExecMainExitTimestampMonotonic");
  const std::uint64_t started =
      TimeOf(shop, "shop.service", "ExecMainStartTimestampMonotonic");
  CHECK(settled > 0);
  CHECK(settled < started);
  const auto takeups = shop->TakeUps();
  REQUIRE_FALSE(takeups.empty());
  CHECK(takeups.back() == "start " + shop->Status()["live"].get<std::string>());
}

// Checks the state after recovery, before the upload is processed again.
void CheckSettled(LiveShop* shop, const Moment& moment, Fall fall) {
  const json history = shop->Release({"history"}).json["transactions"];
  CAPTURE(history.dump());
  if (moment.reached == Reached::kNothing) {
    CHECK(history.size() == 1);
    return;
  }
  REQUIRE(history.size() >= 2);
  const json& last = history[history.size() - 2];
  CHECK(last["to"] == "2");
  if (moment.reached == Reached::kCommitted) {
    CHECK(last["result"] == "committed");
    return;
  }
  const bool switched = moment.reached == Reached::kSwitching;
  CHECK(last["result"] == (switched ? "undone" : "failed"));
  CHECK(last["code"] == "interrupted");
  CHECK(last["recovered"] == (fall == Fall::kPowerCut));
  // No receiver accepted the notice, so it is still in the outbox.
  const json notice =
      json::parse(Slurp("/srv/shop/.release/outbox/000002-webhook.json"));
  CHECK(notice["event"] == (fall == Fall::kPowerCut ? "recovery" : "failure"));
  CHECK(notice["current"] == "1");
  CHECK(shop->Status()["undelivered"] == 1);
}

void CheckTakenInAgain(WatchedShop* shop, const Moment& moment) {
  fs::remove(kHoldReload);
  if (fs::remove(kHoldIntake)) {
    REQUIRE(shop->Shell(std::string("systemctl start ") + kPathUnit).ok());
  }
  if (moment.reached == Reached::kNothing) {
    CHECK(fs::exists(std::string(kBox) + kUpload));
    shop->Upload(kUpload, shop->Bytes("2"));
  }
  REQUIRE(shop->Settles());
  shop->CheckStillWatched("2");
  CHECK_FALSE(fs::exists(std::string(kBox) + "rejected"));
  if (TimeOf(shop, kIntakeUnit, "ExecMainStartTimestampMonotonic") > 0) {
    CHECK(TimeOf(shop, kIntakeUnit, "ExecMainStartTimestampMonotonic") >
          TimeOf(shop, "shop.service", "ActiveEnterTimestampMonotonic"));
  }
  shop->Upload("shop-3.tar", shop->Bytes("3"));
  REQUIRE(shop->Settles());
  shop->CheckStillWatched("3");
  CHECK(shop->Status()["ok"] == true);
}

void Interrupt(SystemdContainer* container, const std::string& moment,
               Fall fall) {
  CAPTURE(moment);
  Tell(moment, fall, container);
  CheckSuiteInside(container, "inside a container: an intake is interrupted",
                   1);
  const CommandResult booted =
      fall == Fall::kReboot ? container->Reboot() : container->PowerCycle();
  CAPTURE(booted.output);
  REQUIRE(booted.ok());
  CheckSuiteInside(container, "inside a container: after a boot in an intake",
                   1);
}

}  // namespace

TEST_SUITE("inside a container: an intake is interrupted") {
  TEST_CASE("an upload is interrupted at the moment") {
    InterruptedShop shop(ToldMoment());
  }
}

TEST_SUITE("inside a container: after a boot in an intake") {
  TEST_CASE("it was settled first, then the upload is processed again") {
    WatchedShop shop{LiveShop::AsItIs{}};
    const Moment& moment = ToldMoment();
    CAPTURE(moment.name);
    REQUIRE(Within(seconds(60), [&] { return shop.Ask().status == 200; }));
    shop.CheckLive(moment.reached == Reached::kCommitted ? "2" : "1");
    CheckRecoveredBeforeTheStart(&shop);
    CheckSettled(&shop, moment, ToldFall());
    CheckTakenInAgain(&shop, moment);
  }
}

TEST_CASE("an interrupted intake is settled at boot and repeated") {
  SystemdContainer container;
  Interrupt(&container, "switch", Fall::kPowerCut);
  Interrupt(&container, "health", Fall::kReboot);
  Interrupt(&container, "after the commit", Fall::kPowerCut);
}

TEST_CASE("an intake interrupted at any step is settled at boot") {
  if (!Torture()) return;
  SystemdContainer container;
  for (const Moment& moment : Moments()) {
    for (const Fall fall : {Fall::kPowerCut, Fall::kReboot}) {
      Interrupt(&container, moment.name, fall);
    }
  }
}

}  // namespace release
