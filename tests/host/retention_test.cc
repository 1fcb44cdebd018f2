// The releases that prune keeps, and the target of a rollback.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "host/site.h"
#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using Names = std::vector<std::string>;

std::string StateOf(const Site& site, const std::string& version) {
  const nlohmann::json list = site.Json({"list"});
  for (const auto& release : list["releases"]) {
    if (release["version"] == version) return release["state"];
  }
  return "absent";
}

bool Stands(const Site& site, const std::string& version) {
  const Names names = site.Releases();
  return std::find(names.begin(), names.end(), version) != names.end();
}

TEST_CASE("five failed deploys in a row cost no good release") {
  const Site site;
  const std::string config =
      site.ConfigFile("shop.toml", "keep_releases = 2\n");
  for (const char* version : {"1.0", "2.0", "3.0"}) site.Deploy(version);
  for (int i = 0; i < 5; ++i) {
    const std::string version = fmt::format("bad-{}", i);
    const Finished finished =
        site.Release({"--config", config, "deploy", site.Archive(version),
                      "--version", version, "--confirm-within", "0s"});
    CHECK(finished.exit == 4);
    CHECK(site.Live() == "3.0");
    CHECK(StateOf(site, version) == "failed");
  }
  for (const char* version : {"1.0", "2.0", "3.0"}) {
    CHECK(StateOf(site, version) == "good");
  }
  site.Must({"--config", config, "prune"});
  for (const char* version : {"1.0", "2.0", "3.0"}) {
    CHECK(StateOf(site, version) == "good");
  }
  // The newest failed release is kept, so that a person can examine it.
  CHECK(site.Releases() == Names{"1.0", "2.0", "3.0", "bad-4"});

  site.Must({"rollback"});
  CHECK(site.Live() == "2.0");
  CHECK(StateOf(site, "3.0") == "withdrawn");
}

TEST_CASE("two rollbacks go back twice, and a third has no target") {
  const Site site;
  // The order of the versions differs from that of their names: a rollback goes
  // by history.
  for (const char* version : {"7.0", "3.0", "5.0"}) site.Deploy(version);
  site.Must({"rollback"});
  CHECK(site.Live() == "3.0");
  site.Must({"rollback"});
  CHECK(site.Live() == "7.0");
  const auto before =
      Listing(site.root(), {".release/transactions", ".release/lock"});
  const Finished finished = site.Release({"--json", "rollback"});
  INFO(finished.Describe());
  CHECK(finished.exit == 7);
  const auto object = nlohmann::json::parse(finished.out);
  CHECK(object["error"]["code"] == "nothing-to-roll-back-to");
  CHECK(Listing(site.root(), {".release/transactions", ".release/lock"}) ==
        before);
}

TEST_CASE(
    "a rollback never goes to a failed or withdrawn release unless named") {
  const Site site;
  for (const char* version : {"1.0", "2.0", "3.0"}) site.Deploy(version);
  site.Must({"rollback"});  // to 2.0; 3.0 is withdrawn
  site.Deploy("4.0");
  site.Must({"rollback"});
  CHECK(site.Live() == "2.0");
  site.Must({"rollback", "3.0", "--reason", "the lesser evil"});
  CHECK(site.Live() == "3.0");
  CHECK(site.Json({"history"})["transactions"][0]["reason"] ==
        "the lesser evil");
}

TEST_CASE("the only release there is cannot be rolled back from") {
  const Site site;
  CHECK(site.Release({"rollback"}).exit == 7);
  site.Deploy("1.0");
  CHECK(site.Release({"rollback"}).exit == 7);
  CHECK(site.Live() == "1.0");
}

TEST_CASE("the same version again changes nothing, other content is refused") {
  const Site site;
  site.Deploy("1.0");
  site.Deploy("2.0");
  const auto before =
      Listing(site.root(), {".release/transactions", ".release/lock"});
  const auto object =
      site.Json({"deploy", site.Archive("2.0"), "--version", "2.0"});
  CHECK(object["exit"] == 0);
  CHECK(object["result"] == "unchanged");
  const auto refused =
      site.Json({"deploy", site.Archive("2.0", "-x"), "--version", "2.0"});
  CHECK(refused["exit"] == 3);
  CHECK(refused["error"]["code"] == "version-conflict");
  CHECK(Listing(site.root(), {".release/transactions", ".release/lock"}) ==
        before);
}

TEST_CASE("an earlier version goes live again without unpacking") {
  const Site site;
  site.Deploy("1.0");
  site.Deploy("2.0");
  const auto before = Listing(site.root() + "/releases/1.0");
  site.Deploy("1.0");
  CHECK(site.Live() == "1.0");
  CHECK(Listing(site.root() + "/releases/1.0") == before);
}

// Waits until the working directory of the process ends with `end`.
void AwaitDirectory(int pid, const std::string& end) {
  const std::string link = "/proc/" + std::to_string(pid) + "/cwd";
  REQUIRE(Eventually([&] {
    boost::system::error_code error;
    return bfs::read_symlink(link, error).string().ends_with(end);
  }));
}

TEST_CASE("prune keeps what is live, its target, pinned or in use") {
  const Site site;
  for (const char* version : {"1.0", "2.0", "3.0", "4.0", "5.0", "6.0"}) {
    site.Deploy(version);
  }
  site.Must({"pin", "1.0"});
  const std::string config =
      site.ConfigFile("shop.toml", "keep_releases = 1\n");
  {
    // A worker that still runs in the release in which it was started.
    Running worker(
        {"sh", "-c", "cd " + site.root() + "/releases/3.0 && exec sleep 60"});
    AwaitDirectory(worker.pid(), "/3.0");
    const std::string plan =
        site.Json({"--config", config, "--dry-run", "prune"})["plan"].dump();
    CHECK(plan.find("2.0") != std::string::npos);
    CHECK(Stands(site, "2.0"));
    site.Must({"--config", config, "prune"});
    CHECK(site.Releases() == Names{"1.0", "3.0", "5.0", "6.0"});
    const nlohmann::json list = site.Json({"list"});
    CHECK(list["releases"].size() == 4);
    for (const auto& release : list["releases"]) {
      const bool used = release["version"] == "3.0";
      CHECK(release["pids"].size() == (used ? 1 : 0));
      CHECK(release["pinned"] == (release["version"] == "1.0"));
    }
  }
  site.Must({"--config", config, "prune"});
  CHECK(site.Releases() == Names{"1.0", "5.0", "6.0"});
  site.Must({"unpin", "1.0"});
  site.Must({"--config", config, "prune"});
  CHECK(site.Releases() == Names{"5.0", "6.0"});
  CHECK(site.Release({"verify", "--all"}).exit == 0);
  site.Must({"rollback"});
  CHECK(site.Live() == "5.0");
}

TEST_CASE("prune keeps a release in use behind a root that is a link") {
  const Site site;
  for (const char* version : {"1.0", "2.0", "3.0"}) site.Deploy(version);
  const TempDir elsewhere;
  const std::string link = elsewhere.path() + "/shop";
  bfs::create_directory_symlink(site.root(), link);
  const std::string config = elsewhere.path() + "/shop.toml";
  Spill(config, "root = \"" + link + "\"\nkeep_releases = 1\n");
  Running worker(
      {"sh", "-c", "cd " + site.root() + "/releases/1.0 && exec sleep 60"});
  AwaitDirectory(worker.pid(), "/1.0");
  const Finished pruned = Run({RELEASE_BINARY, "--config", config, "prune"});
  INFO(pruned.Describe());
  CHECK(pruned.exit == 0);
  CHECK(site.Releases() == Names{"1.0", "2.0", "3.0"});
}

TEST_CASE("a deploy keeps as many good releases as configured") {
  const Site site;
  const std::string config =
      site.ConfigFile("shop.toml", "keep_releases = 2\n");
  for (const char* version : {"1.0", "2.0", "3.0", "4.0", "5.0"}) {
    site.Must({"--config", config, "deploy", site.Archive(version), "--version",
               version});
  }
  CHECK(site.Releases() == Names{"3.0", "4.0", "5.0"});
}

}  // namespace
}  // namespace release
