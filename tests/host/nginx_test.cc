// Debian's nginx serves under load while releases are deployed and rolled back.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <map>
#include <regex>
#include <thread>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/started.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Deploys, each with a rollback after it.
int Rounds() { return Torture() ? 50 : 20; }

constexpr char kUnit[] =
    "[Service]\nType=forking\nPIDFile=/run/shop-nginx.pid\n"
    "ExecStart=/usr/sbin/nginx -c /etc/shop-nginx.conf\n"
    "ExecReload=/usr/sbin/nginx -c /etc/shop-nginx.conf -s reload\n";

constexpr char kNginx[] =
    "pid /run/shop-nginx.pid; error_log /var/log/shop-nginx.log;\n"
    "worker_processes 2; events { worker_connections 4096; }\n"
    "http { access_log off; server { listen 127.0.0.1:8081;\n"
    "       root /srv/shop/current; } }\n";

constexpr char kConfig[] =
    "[service]\nunit = \"shop.service\"\ntimeout = \"10s\"\n"
    "[healthcheck]\nurl = \"http://127.0.0.1:8081/version\"\n"
    "expect_body = \"{version}\"\ninterval = \"50ms\"\n"
    "min_healthy_time = \"100ms\"\n";

// Sends up to 50 requests a second from each of 8 clients, each request on a
// new connection. Without that limit the clients would take both processors
// from the tests beside this one.
class Load {
 public:
  Load()
      : hey_({"hey", "-z", "3600s", "-c", "8", "-q", "50", "-disable-keepalive",
              "http://127.0.0.1:8081/version"}) {}

  // Ends the load. Returns the number of requests per status code ("200", ...)
  // and of those that failed ("error").
  std::map<std::string, int> End() {
    hey_.Kill(SIGINT);
    REQUIRE(hey_.Wait() == 0);
    std::string report = hey_.Output();
    // Skips the histogram of times, whose lines have the same form.
    report.erase(0, report.find("Status code distribution:"));
    INFO(report);
    std::map<std::string, int> answers;
    const std::regex line(R"(\[(\d+)\]\t(.*))");
    for (std::sregex_iterator it(report.begin(), report.end(), line), end;
         it != end; ++it) {
      const std::smatch& match = *it;
      if (match[2].str().ends_with(" responses")) {
        answers[match[1]] += std::stoi(match[2]);
      } else {
        answers["error"] += std::stoi(match[1]);
      }
    }
    return answers;
  }

 private:
  Started hey_;
};

class NginxShop : public LiveShop {
 public:
  NginxShop() : LiveShop(kConfig, kUnit) {
    Spill("/etc/shop-nginx.conf", kNginx);
    Deploy("1");
  }

  // Runs the command, and checks that `version` answers as soon as the command
  // returns.
  void CheckRun(const std::vector<std::string>& words,
                const std::string& version) {
    const Said said = Release(words);
    CAPTURE(said.err);
    REQUIRE(said.status == 0);
    for (int i = 0; i < 20; ++i) {
      const HttpResponse response = Ask("/version");
      REQUIRE(response.status == 200);
      REQUIRE(response.body == version + "\n");
    }
  }
};

}  // namespace

TEST_SUITE("inside a container: nginx") {
  TEST_CASE("no request fails in many deploys and rollbacks") {
    NginxShop shop;
    Load load;
    for (int i = 2; i < 2 + Rounds(); ++i) {
      const std::string version = std::to_string(i);
      shop.CheckRun({"deploy", shop.Archive(version)}, version);
      shop.CheckRun({"rollback"}, "1");
    }
    auto answers = load.End();
    const int good = answers["200"];
    CHECK(good > 1'000);
    CHECK(answers == std::map<std::string, int>{{"200", good}});
    CHECK(shop.Status()["ok"] == true);
  }

  TEST_CASE("the same load notices a switch that has a gap") {
    NginxShop shop;
    shop.Deploy("2");
    Load load;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(
          shop.Shell(fmt::format("cd /srv/shop && rm current && sleep 0.001 && "
                                 "ln -s releases/{} current",
                                 1 + i % 2))
              .ok());
      std::this_thread::sleep_for(milliseconds(50));
    }
    auto answers = load.End();
    CHECK(answers["200"] > 0);
    CHECK(answers["404"] > 0);
  }
}

TEST_CASE("nginx serves without a failure while releases come and go") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: nginx", 2);
}

}  // namespace release
