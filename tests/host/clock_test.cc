// The wall clock steps by a day, forwards and backwards, during the health
// check of a new release. No decision may come sooner or later.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <chrono>

#include "host/site.h"
#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;
using std::chrono::seconds;

constexpr long kDay = 86'400;

struct Clocked {
  Clocked() {
    site.Deploy("1.0");
    archive = site.Archive("2.0");
    Spill(well, "");
  }

  // Writes a configuration whose probe succeeds while the file `well` exists.
  // Each probe makes the file `asked`, and `good` if it succeeds.
  std::string Config(const std::string& window, const std::string& deadline) {
    return site.ConfigFile(
        "shop.toml",
        fmt::format("[healthcheck]\ncommand = [\"sh\", \"-c\", \"touch {}; "
                    "test -e {} && touch {}\"]\ninterval = \"50ms\"\n"
                    "min_healthy_time = \"{}\"\ndeadline = \"{}\"\n",
                    asked, well, good, window, deadline));
  }

  // Deploys 2.0, steps the clock during the health check, and runs `then`.
  // Returns the outcome and the seconds from the step to the end.
  template <typename Then>
  std::pair<Finished, double> Deploy(const std::string& config, long step,
                                     Then then) {
    std::vector<std::string> line = {"env", "LD_PRELOAD=" RELEASE_CLOCK_STEP,
                                     "CLOCK_STEP=" + clock};
    for (const std::string& word :
         site.CommandLine({"--config", config, "--json", "deploy", archive,
                           "--version", "2.0"})) {
      line.push_back(word);
    }
    Running deploy(line);
    REQUIRE(Eventually([&] { return bfs::exists(asked); }, seconds(60)));
    const auto start = std::chrono::steady_clock::now();
    Spill(clock, std::to_string(step));
    then();
    Finished finished = deploy.Wait();
    const std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    return {std::move(finished), time.count()};
  }

  // Returns the seconds between begin and end as the command recorded them.
  long Stepped() const {
    const std::string record =
        Slurp(site.root() + "/.release/transactions/000002.log");
    long first = 0;
    long last = 0;
    for (std::size_t at = 0; at < record.size();
         at = record.find('\n', at) + 1) {
      const json line =
          json::parse(record.substr(at + 17, record.find('\n', at) - at - 17));
      if (!line.contains("at")) continue;
      if (first == 0) first = line["at"];
      last = line["at"];
    }
    return last - first;
  }

  void CheckStepSeen(long step) const {
    CHECK(Stepped() >= step);
    CHECK(Stepped() <= step + 60);
  }

  Site site;
  std::string archive;
  std::string well = site.files() + "/well";
  std::string asked = site.files() + "/asked";
  std::string good = site.files() + "/good";
  std::string clock = site.files() + "/step";
};

TEST_CASE("the rig steps the wall clock of one command") {
  Clocked rig;
  const std::string line =
      "LD_PRELOAD=" RELEASE_CLOCK_STEP " CLOCK_STEP=" + rig.clock + " date +%s";
  const long before = std::stol(RunShell(line).out);
  Spill(rig.clock, std::to_string(-kDay));
  const long after = std::stol(RunShell(line).out);
  CHECK(after - before < 60 - kDay);
}

TEST_CASE("a step of the clock does not shorten or lengthen the probation") {
  for (const long step : {kDay, -kDay}) {
    CAPTURE(step);
    Clocked rig;
    const auto [finished, took] =
        rig.Deploy(rig.Config("1500ms", "20s"), step, [] {});
    const std::string report = finished.Describe();
    INFO(report);
    CHECK(finished.exit == 0);
    CHECK(took < 60);
    double health = 0;
    const json outcome = json::parse(finished.out);
    for (const json& entry : outcome["steps"]) {
      if (entry["name"] == "health") health = entry["seconds"];
    }
    CHECK(health >= 1.5);
    CHECK(health < 60);
    rig.CheckStepSeen(step);
  }
}

TEST_CASE("a release that breaks after the step is undone") {
  for (const long step : {kDay, -kDay}) {
    CAPTURE(step);
    Clocked rig;
    const auto [finished,
                took] = rig.Deploy(rig.Config("5s", "20s"), step, [&] {
      bfs::remove(rig.good);
      CHECK(Eventually([&] { return bfs::exists(rig.good); }, seconds(60)));
      bfs::rename(rig.well, rig.well + ".gone");
      CHECK(Eventually([&] { return rig.site.Live() == "1.0"; }, seconds(60)));
      // The previous release must pass its probe, so the file comes back.
      bfs::rename(rig.well + ".gone", rig.well);
    });
    const std::string report = finished.Describe();
    INFO(report);
    CHECK(finished.exit == 4);
    CHECK(json::parse(finished.out)["error"]["code"] == "health-lost");
    CHECK(rig.site.Live() == "1.0");
    CHECK(took < 60);
    rig.CheckStepSeen(step);
  }
}

TEST_CASE("a step back does not put off the deadline") {
  Clocked rig;
  bfs::remove(rig.well);
  const auto [finished, took] =
      rig.Deploy(rig.Config("0s", "1s"), -kDay, [] {});
  const std::string report = finished.Describe();
  INFO(report);
  CHECK(finished.exit == 5);
  CHECK(json::parse(finished.out)["error"]["code"] == "undo-failed");
  CHECK(rig.site.Live() == "1.0");
  CHECK(took < 60);
  rig.CheckStepSeen(-kDay);
}

}  // namespace
}  // namespace release
