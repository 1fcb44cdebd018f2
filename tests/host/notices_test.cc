// Notices are sent to a real HTTP server. A receiver that is down, hangs or
// answers 500 must cost no more than a few seconds, and each notice must arrive
// exactly once, also after kill -9.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <tuple>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/site.h"
#include "support/archives.h"
#include "support/http_server.h"

namespace release {
namespace {

using nlohmann::json;
using std::chrono::duration;
using std::chrono::steady_clock;

// A webhook receiver that works, answers 500, or never answers.
struct Chat {
  enum class Mood { kWell, kBroken, kHanging };
  std::string Url() { return server.Url("/hook/secret-token"); }
  // Returns the bodies of all requests so far.
  std::vector<json> Came() {
    std::vector<json> bodies;
    for (const std::string& request : server.Requests()) {
      bodies.push_back(
          json::parse(request.substr(request.find("\r\n\r\n") + 4)));
    }
    return bodies;
  }

  std::atomic<Mood> mood = Mood::kWell;
  std::atomic<int> taken = 0;
  HttpServer server{[this](const std::string&) -> std::string {
    if (mood == Mood::kHanging) return "";
    if (mood == Mood::kWell) ++taken;
    return HttpAnswer(mood == Mood::kWell ? 200 : 500, "");
  }};
};

struct Notifying {
  Notifying() { site.Deploy("1"); }

  void Configure(const std::string& lines) {
    config = site.ConfigFile("shop.toml", lines);
  }
  void Webhook(const std::string& url) {
    Configure("[notify]\nwebhook = \"" + url + "\"\n");
  }
  Finished Release(std::vector<std::string> words) const {
    words.insert(words.begin(), {RELEASE_BINARY, "--config", config, "--json"});
    return Run(words);
  }
  // Runs a deploy that is refused because its archive does not exist.
  Finished Refused() const {
    return Release({"deploy", site.files() + "/none.tar", "--version", "9"});
  }
  std::size_t Waiting() const {
    return json::parse(Release({"status"}).out).at("undelivered");
  }

  Site site;
  std::string config;
};

// Returns the outcome without the parts that differ from run to run.
json Essence(const Finished& finished) {
  json outcome = json::parse(finished.out);
  outcome.erase("transaction");
  outcome.erase("steps");
  outcome.erase("warnings");
  return outcome;
}

// Checks that a refused deploy ends as with a working receiver (`well`), except
// for a warning with `reason` and a few seconds, which a busy machine
// lengthens.
void CheckUnchanged(const Notifying& app, const std::string& reason,
                    const Finished& well) {
  const auto start = steady_clock::now();
  const Finished finished = app.Refused();
  const double seconds = duration<double>(steady_clock::now() - start).count();
  MESSAGE(reason << ": " << seconds << " s");
  INFO(finished.Describe());
  CHECK(seconds < 30);
  CHECK(finished.exit == well.exit);
  CHECK(Essence(finished) == Essence(well));
  const json warnings = json::parse(finished.out).at("warnings");
  REQUIRE(warnings.size() == 1);
  const std::string warning = warnings[0];
  CHECK(warning.find(reason) != std::string::npos);
  // The URL is a secret: knowing it is enough to post.
  CHECK(warning.find("secret-token") == std::string::npos);
}

constexpr char kClosed[] = "http://127.0.0.1:1/hook/secret-token";

}  // namespace

TEST_CASE("a receiver that is down, broken or hanging changes no outcome") {
  Notifying app;
  Chat chat;
  app.Webhook(chat.Url());
  const Finished well = app.Refused();
  REQUIRE(well.exit == 3);
  CHECK(json::parse(well.out).at("warnings").empty());
  CHECK(chat.taken == 1);
  struct Row {
    std::string url;
    Chat::Mood mood;
    std::string reason;
  };
  std::size_t waiting = 0;
  for (const Row& row : {Row{kClosed, Chat::Mood::kWell, "connect"},
                         Row{chat.Url(), Chat::Mood::kBroken, "status 500"},
                         Row{chat.Url(), Chat::Mood::kHanging, "timed out"}}) {
    CAPTURE(row.reason);
    app.Webhook(row.url);
    chat.mood = row.mood;
    CheckUnchanged(app, row.reason, well);
    CHECK(app.Waiting() == ++waiting);
  }
  chat.mood = Chat::Mood::kWell;
  app.Webhook(chat.Url());
  CHECK(app.Release({"notify"}).exit == 0);
  CHECK(app.Waiting() == 0);
  CHECK(app.Release({"notify"}).exit == 0);
  CHECK(chat.taken == 4);
}

TEST_CASE("a bad receiver changes no deploy, and each notice arrives once") {
  for (const bool good : {true, false}) {
    CAPTURE(good);
    Notifying app;
    Chat chat;
    const auto configure = [&](const std::string& url) {
      app.Configure(fmt::format(
          "[healthcheck]\ncommand = [\"grep\", \"{}\", \"{}\"]\ninterval = "
          "\"50ms\"\n"
          "deadline = \"100ms\"\nmin_healthy_time = \"0s\"\n"
          "[notify]\non = [\"success\", \"failure\"]\nwebhook = \"{}\"\n",
          good ? "." : "1", app.site.root() + "/current/name", url));
    };
    std::string live = "1";
    std::size_t waiting = 0;
    for (const auto& [version, url, mood] :
         {std::tuple{"2", std::string(kClosed), Chat::Mood::kWell},
          std::tuple{"3", chat.Url(), Chat::Mood::kBroken},
          std::tuple{"4", chat.Url(), Chat::Mood::kHanging}}) {
      configure(url);
      chat.mood = mood;
      const Finished deploy = app.Release(
          {"deploy", app.site.Archive(version), "--version", version});
      INFO(deploy.Describe());
      if (good) live = version;
      CHECK(deploy.exit == (good ? 0 : 4));
      CHECK(json::parse(deploy.out).at("live") == live);
      CHECK(app.site.Live() == live);
      CHECK(app.Waiting() == ++waiting);
    }
    chat.mood = Chat::Mood::kWell;
    const std::size_t before = chat.Came().size();
    for (int i = 0; i < 2; ++i) CHECK(app.Release({"notify"}).exit == 0);
    std::vector<std::string> told;
    for (const json& notice : chat.Came()) told.push_back(notice["version"]);
    told.erase(told.begin(), told.begin() + static_cast<int>(before));
    CHECK(told == std::vector<std::string>{"2", "3", "4"});
    CHECK(chat.taken == 3);
  }
}

TEST_CASE(
    "notify says what it could not deliver, and leaves out what is not due") {
  Notifying app;
  app.Webhook(kClosed);
  app.Refused();
  const Finished due = app.Release({"notify", "--due"});
  CHECK(due.exit == 0);
  CHECK(json::parse(due.out).at("notices").empty());
  const Finished all = app.Release({"notify"});
  CHECK(all.exit == 1);
  const json object = json::parse(all.out);
  CHECK(object.at("error").at("code") == "notice-undelivered");
  CHECK(object.at("notices").at(0).at("transaction") == 2);
  const Finished status =
      Run({RELEASE_BINARY, "--config", app.config, "status"});
  CHECK(status.out.find("undelivered  1 notice; the last try: ") !=
        std::string::npos);
}

TEST_CASE("a command gets the notice on its stdin and in its environment") {
  Notifying app;
  const std::string out = app.site.files() + "/told";
  app.Configure("[notify]\ncommand = [\"sh\", \"-c\", \"cat >> " + out +
                "; echo $RELEASE_APP $RELEASE_TRANSACTION $RELEASE_RESULT >> " +
                out + "\"]\n");
  const Finished refused = app.Refused();
  INFO(refused.Describe());
  const std::string told = Slurp(out);
  const std::size_t end = told.find('\n');
  CHECK(json::parse(told.substr(0, end)).at("code") == "archive-unreadable");
  CHECK(told.substr(end + 1) == "shop 2 refused\n");
}

TEST_CASE("the recovery of a killed transaction sends its notice") {
  for (const bool by_deploy : {false, true}) {
    CAPTURE(by_deploy);
    Notifying app;
    Chat chat;
    app.Configure("[notify]\non = [\"success\", \"recovery\"]\nwebhook = \"" +
                  chat.Url() + "\"\n");
    {
      Running deploy({RELEASE_BINARY, "--config", app.config, "deploy",
                      app.site.Archive("2"), "--version", "2",
                      "--confirm-within", "60s"});
      REQUIRE(Eventually([&] {
        return deploy.ErrSoFar().find("waiting") != std::string::npos;
      }));
      deploy.Signal(SIGKILL);
      deploy.Wait();
    }
    CHECK(chat.taken == 0);
    const Finished next =
        by_deploy
            ? app.Release({"deploy", app.site.Archive("3"), "--version", "3"})
            : app.Release({"recover"});
    INFO(next.Describe());
    CHECK(next.exit == 0);
    const std::vector<json> came = chat.Came();
    REQUIRE(came.size() == (by_deploy ? 2 : 1));
    CHECK(came[0].at("result") == "died");
    CHECK(came[0].at("event") == "recovery");
    CHECK(came[0].at("version") == "2");
    CHECK(came[0].at("current") == "1");
    if (by_deploy) CHECK(came[1].at("result") == "committed");
    CHECK(app.Waiting() == 0);
  }
}

TEST_CASE("a rollback on a full disk works and sends its notice") {
  const TempDir own;
  const PrivateMount mount("-t tmpfs -o size=4m none", own.path() + "/disk");
  const Site site(own.path() + "/disk");
  for (const char* version : {"1", "2"}) site.Deploy(version);
  Chat chat;
  const std::string config = own.path() + "/shop.toml";
  Spill(config, fmt::format("root = \"{}\"\n[notify]\nwebhook = \"{}\"\n",
                            site.root(), chat.Url()));
  RunShell("cat /dev/zero > " + own.path() + "/disk/filler 2>/dev/null");
  REQUIRE(RunShell("echo x > " + own.path() + "/disk/more").exit != 0);
  const Finished rollback =
      Run({RELEASE_BINARY, "--config", config, "--json", "rollback"});
  INFO(rollback.Describe());
  CHECK(rollback.exit == 0);
  CHECK(site.Live() == "1");
  CHECK(chat.taken == 1);
}

TEST_SUITE("inside a container: notices") {
  TEST_CASE("the journal has each outcome under a fixed id") {
    RequireInside();
    LiveShop shop;
    shop.Deploy("1");
    CHECK(shop.Release({"deploy", shop.Archive("2", "die")}).status == 4);
    const auto entries = [&] {
      return shop
          .Shell(
              "journalctl --sync; journalctl -o json "
              "MESSAGE_ID=3e1ec09c3c5fa6f2d4e63b666828d2ca | tail -n 1")
          .output;
    };
    REQUIRE(Within(std::chrono::seconds(60), [&] {
      return entries().find("undone") != std::string::npos;
    }));
    const json entry = json::parse(entries());
    CHECK(entry.at("RELEASE_APP") == "shop");
    CHECK(entry.at("RELEASE_RESULT") == "undone");
    CHECK(entry.at("RELEASE_VERSION") == "2");
    CHECK(entry.at("RELEASE_PREVIOUS") == "1");
    CHECK(entry.at("PRIORITY") == "4");
  }
}

TEST_CASE("a real journal takes notices") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: notices", 1);
}

}  // namespace release
