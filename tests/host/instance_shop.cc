#include "host/instance_shop.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>
#include <sstream>

#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using std::chrono::seconds;

constexpr char kLogs[] = "/srv/shop-log/";
constexpr char kUnits[] = "/etc/systemd/system/";

// A unit that runs the app in `tree`, with its socket below /run/DIRECTORY.
std::string AppUnit(const std::string& tree, const std::string& directory) {
  return fmt::format(
      "[Unit]\nCollectMode=inactive-or-failed\n[Service]\n"
      "RuntimeDirectory={1}\nWorkingDirectory=/srv/shop/{0}\n"
      "ExecStart=/usr/bin/python3 {2}/tests/host/rig/instance_app.py "
      "--listen unix:/run/{1}/http.sock {3}\n"
      // Each user of a front may connect.
      "UMask=0000\nTimeoutStopSec=20s\n",
      tree, directory, RELEASE_SOURCE_DIR, kLogs);
}

// Turns "shop@1\x2d2.service" into "1-2".
std::string VersionOf(const std::string& unit) {
  const std::size_t at = unit.find('@') + 1;
  std::string name = unit.substr(at, unit.rfind('.') - at);
  for (std::size_t mark = name.find("\\x"); mark != name.npos;
       mark = name.find("\\x", mark + 1)) {
    const int letter = std::stoi(name.substr(mark + 2, 2), nullptr, 16);
    name.replace(mark, 4, 1, static_cast<char>(letter));
  }
  return name;
}

std::vector<std::string> Lines(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::int64_t MonotonicNow() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

std::string InstanceShop::Config(const std::string& instances,
                                 const std::string& min_healthy_time,
                                 const std::string& deadline) {
  return fmt::format(
      "[service]\nunit = \"shop@.service\"\ntimeout = \"60s\"\n"
      "[instances]\n{}{}"
      "[healthcheck]\nurl = \"unix:{{socket}}:/up\"\n"
      "expect_body = \"release {{version}} serves\"\n"
      "interval = \"50ms\"\ntimeout = \"30s\"\ndeadline = \"{}\"\n"
      "min_healthy_time = \"{}\"\n",
      instances.find("drain") == instances.npos ? "drain = \"5s\"\n" : "",
      instances, deadline, min_healthy_time);
}

std::string PlainShop::Config(const std::string& deadline) {
  return fmt::format(
      "[service]\nunit = \"shop.service\"\ntimeout = \"60s\"\n"
      "action = \"restart\"\n"
      "[healthcheck]\nurl = \"unix:/run/shop-plain/http.sock:/up\"\n"
      "expect_body = \"release {{version}} serves\"\n"
      "interval = \"50ms\"\ntimeout = \"30s\"\ndeadline = \"{}\"\n"
      "min_healthy_time = \"100ms\"\n",
      deadline);
}

InstanceShop::InstanceShop(const std::string& config) : InstanceShop(AsItIs{}) {
  Shell(
      "systemctl stop 'release-*@shop.*' 'shop@*.service' 'shop*.service';"
      "systemctl reset-failed");
  for (const std::string path :
       {"/srv/shop", "/srv/archives", kLogs, "/run/shop", "/usr/bin/release",
        "/etc/systemd/system/shop@.service.d"}) {
    bfs::remove_all(path);
  }
  for (const std::string path : {"/etc/release", "/srv/archives", kLogs}) {
    bfs::create_directories(path);
  }
  CopyFile(RELEASE_BINARY, "/usr/bin/release");
  WriteConfig(config);
  Spill(std::string(kUnits) + "shop@.service",
        AppUnit("releases/%I", "shop/%I"));
  for (const auto& entry :
       bfs::directory_iterator(RELEASE_SOURCE_DIR "/systemd")) {
    if (bfs::is_directory(entry.path())) continue;
    Spill(kUnits + entry.path().filename().string(),
          Slurp(entry.path().string()));
  }
  REQUIRE(Shell("systemctl daemon-reload").ok());
  const Said said = Release({"init"});
  CAPTURE(said.err);
  REQUIRE(said.status == 0);
}

int InstanceShop::Pid(const std::string& version) {
  return std::stoi(
      "0" + Shell(fmt::format("systemctl show -P MainPID "
                              "\"shop@$(systemd-escape -- '{}').service\"",
                              version))
                .output);
}

std::vector<std::string> InstanceShop::Instances() {
  std::istringstream lines(
      Shell("systemctl list-units --all --plain --no-legend 'shop@*.service'")
          .output);
  std::vector<std::string> versions;
  for (std::string line; std::getline(lines, line);) {
    versions.push_back(VersionOf(line.substr(0, line.find(' '))));
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

bool InstanceShop::AwaitOnly(const std::string& version) {
  return Within(seconds(60), [&] {
    return Instances() == std::vector<std::string>{version};
  });
}

std::vector<std::string> InstanceShop::Log(const std::string& version) const {
  return Lines(kLogs + version);
}

std::vector<std::string> InstanceShop::UserRequests(
    const std::string& version) const {
  std::vector<std::string> requests = Log(version);
  std::erase_if(requests, [](const std::string& line) {
    return line.starts_with("accept ") || line == "GET /up";
  });
  return requests;
}

void InstanceShop::RemoveFile(const std::string& name) {
  bfs::remove(kLogs + name);
}

std::int64_t InstanceShop::AfterQueue(const std::string& version) {
  // An instance accepts in order, so an answer shows that the queue is done.
  Shell(fmt::format(
      "curl -s -m 60 --unix-socket /run/shop/{}/http.sock http://localhost/up",
      version));
  return MonotonicNow();
}

int InstanceShop::AcceptedSince(const std::string& version,
                                std::int64_t since) const {
  const std::vector<std::string> lines = Log(version);
  return static_cast<int>(
      std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.starts_with("accept ") &&
               std::stoll(line.substr(7)) > since;
      }));
}

void InstanceShop::MakeFile(const std::string& name) {
  Spill(kLogs + name, "");
}

std::string InstanceShop::AskCurrent() {
  return Shell(
             "curl -s -m 5 --unix-socket /srv/shop/current/run/http.sock "
             "http://localhost/up")
      .output;
}

void InstanceShop::CheckOnly(const std::string& version) {
  CHECK(AwaitOnly(version));
  CHECK(Instances() == std::vector<std::string>{version});
  CHECK(Pid(version) > 0);
  CHECK(Current() == "releases/" + version);
  // `release start` queues the start, so the socket may not be there yet; and
  // the drain looks once more under the lock.
  CHECK(Within(seconds(60), [&] {
    return AskCurrent() == fmt::format("release {} serves\n", version) &&
           Status()["in_progress"].is_null();
  }));
  const nlohmann::json status = Status();
  CAPTURE(status.dump());
  CHECK(status["live"] == version);
  CHECK(status["health"]["ok"] == true);
  CHECK(status["open"].is_null());
}

PlainShop::PlainShop(const std::string& more) : InstanceShop(Config() + more) {
  const std::string units = kUnits;
  Spill(units + "shop.service", AppUnit("current", "shop-plain") +
                                    "[Install]\nWantedBy=multi-user.target\n");
  Spill(units + "shop-trial@.service", AppUnit("releases/%I", "shop-trial/%I"));
  REQUIRE(Shell("systemctl daemon-reload; systemctl enable shop.service").ok());
}

int PlainShop::PlainPid() {
  return std::stoi("0" +
                   Shell("systemctl show -P MainPID shop.service").output);
}

FrontKind PlainShop::Nginx() {
  FrontKind kind = FrontKinds().front();
  kind.replaced = "/srv/shop/current/run/";
  kind.replacement = "/run/shop-plain/";
  return kind;
}

}  // namespace release
