#include "host/live_shop.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <thread>

#include "host/command.h"
#include "host/container_suite.h"
#include "os/descriptor.h"
#include "os/posix_runner.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr char kRoot[] = "/srv/shop";
constexpr char kLog[] = "/srv/shop.log";
constexpr char kUnitFile[] = "/etc/systemd/system/shop.service";
constexpr char kProgram[] = "/usr/bin/release";

constexpr int kAnswerSeconds = 30;

// Reads until the server closes the connection.
std::string ReadToEnd(int connection) {
  std::string answer;
  char buffer[4096];
  for (;;) {
    const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
    if (count <= 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(count));
  }
}

// Asks a server on this machine, on a new connection. A test asks thousands of
// times under load, and the command's own Http starts a process each time.
HttpResponse Get(int port, const std::string& path) {
  const Descriptor connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience = {kAnswerSeconds, 0};
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience,
             sizeof patience);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof address) != 0) {
    return {.error = "cannot connect"};
  }
  const std::string request =
      fmt::format("GET {} HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
  send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL);
  const std::string answer = ReadToEnd(connection.get());
  const std::size_t head = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || head == answer.npos) {
    return {.error = "no answer"};
  }
  return {.status = std::stoi(answer.substr(answer.find(' ') + 1, 3)),
          .body = answer.substr(head + 4)};
}

// Runs a program to its end, for at most five minutes.
CommandResult RunPatiently(const std::vector<std::string>& argv) {
  Command command;
  command.argv = argv;
  command.timeout = std::chrono::seconds(300);
  return PosixRunner().Run(command);
}

}  // namespace

std::string Said::Code() const {
  return json["error"].is_object() ? json["error"].value("code", "") : "";
}

std::string Said::Message() const {
  return json["error"].is_object() ? json["error"].value("message", "") : "";
}

bool Within(std::chrono::nanoseconds time, const std::function<bool()>& holds) {
  return Eventually(holds, time);
}

std::string LiveShop::Unit(const std::string& reload) {
  return fmt::format(
      "[Service]\nType=notify\nExecReload={}\nKillMode=mixed\n"
      "ExecStart=/usr/bin/python3 {}/tests/host/rig/shop_server.py {} 8081\n"
      "TimeoutStopSec=20s\n[Install]\nWantedBy=multi-user.target\n",
      reload, RELEASE_SOURCE_DIR, kRoot);
}

std::string LiveShop::Config(const std::string& min_healthy_time,
                             Patience patience) {
  const bool patient = patience == Patience::kPatient;
  return fmt::format(
      "[service]\nunit = \"shop.service\"\ntimeout = \"{}\"\n"
      "[healthcheck]\nurl = \"http://127.0.0.1:8081/\"\n"
      "expect_body = \"release {{version}} serves\"\n"
      "interval = \"100ms\"\ntimeout = \"30s\"\ndeadline = \"{}\"\n"
      "min_healthy_time = \"{}\"\n",
      patient ? "60s" : "3s", patient ? "60s" : "1s", min_healthy_time);
}

LiveShop::LiveShop(AsItIs) { RequireInside(); }

LiveShop::LiveShop(const std::string& config, const std::string& unit)
    : LiveShop(AsItIs{}) {
  // Either unit may not exist, so failures are ignored.
  Shell("systemctl stop shop.socket shop.service");
  Shell("systemctl reset-failed shop.socket shop.service");
  for (const char* path : {kRoot, kLog, kProgram, "/srv/archives",
                           "/etc/systemd/system/shop.socket"}) {
    bfs::remove_all(path);
  }
  bfs::create_directories("/etc/release");
  bfs::create_directories("/srv/archives");
  // A copy, not a link: other users may lack access to the build directory.
  CopyFile(RELEASE_BINARY, kProgram);
  WriteConfig(config);
  Spill(kUnitFile, unit);
  REQUIRE(Shell("systemctl daemon-reload").ok());
  REQUIRE(Release({"init"}).status == 0);
}

void LiveShop::WriteConfig(const std::string& config) {
  Spill("/etc/release/shop.toml",
        fmt::format("root = \"{}\"\n{}", kRoot, config));
}

std::string LiveShop::Archive(const std::string& version,
                              const std::string& behaviour,
                              const std::string& says) {
  const std::string path = fmt::format("/srv/archives/shop-{}.tar", version);
  Spill(path, TarBuilder()
                  .File("version", (says.empty() ? version : says) + "\n")
                  .File("behaviour", behaviour + "\n")
                  .Bytes());
  return path;
}

std::vector<std::string> LiveShop::Words(
    const std::vector<std::string>& words) {
  std::vector<std::string> all = {kProgram, "--app", "shop", "--json"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

Said LiveShop::Release(const std::vector<std::string>& words) {
  // A Runner mixes both streams of a command, and the JSON must be read alone.
  const std::string err =
      (bfs::temp_directory_path() / bfs::unique_path("release-said-%%%%%%%%"))
          .string();
  std::vector<std::string> argv = {"sh", "-c", "exec \"$@\" 2>" + err, "sh"};
  for (const std::string& word : Words(words)) argv.push_back(word);
  const CommandResult result = RunPatiently(argv);
  Said said{.status = result.status,
            .json = nlohmann::json::parse(result.output, nullptr, false),
            .err = Slurp(err)};
  bfs::remove(err);
  return said;
}

void LiveShop::Deploy(const std::string& version) {
  const Said said = Release({"deploy", Archive(version)});
  CAPTURE(said.err);
  REQUIRE(said.status == 0);
}

std::string LiveShop::Step() {
  const nlohmann::json status = Status();
  return status["open"].is_object() && status["open"]["step"].is_string()
             ? status["open"].value("step", "")
             : "";
}

bool LiveShop::AwaitStep(const std::string& step) {
  return Within(std::chrono::seconds(60), [&] { return Step() == step; });
}

CommandResult LiveShop::Shell(const std::string& line) {
  return RunPatiently({"sh", "-c", line});
}

HttpResponse LiveShop::Ask(const std::string& path) { return Get(8081, path); }

std::string LiveShop::Current() const {
  boost::system::error_code none;
  return bfs::read_symlink(bfs::path(kRoot) / "current", none).string();
}

std::vector<std::string> LiveShop::TakeUps() const {
  std::vector<std::string> lines;
  std::ifstream log(kLog);
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  return lines;
}

void LiveShop::CheckLive(const std::string& version) {
  CHECK(Current() == "releases/" + version);
  const HttpResponse response = Ask();
  CHECK(response.status == 200);
  CHECK(response.body == fmt::format("release {} serves\n", version));
  const nlohmann::json status = Status();
  CAPTURE(status.dump());
  CHECK(status["live"] == version);
  CHECK(status["health"]["ok"] == true);
  CHECK(status["open"].is_null());
  // No command holds the lock.
  CHECK(status["in_progress"].is_null());
}

}  // namespace release
