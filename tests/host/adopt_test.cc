// `init --adopt` of a tree that Debian's Capistrano made, and of plain
// directories, while a real nginx serves them. Clients that send requests as
// fast as they can must get the right answer each time.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "host/command.h"
#include "host/site.h"
#include "host/started.h"
#include "os/curl_http.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr char kNginx[] =
    "daemon off; pid {0}/nginx.pid; error_log {0}/error.log; user root;\n"
    "worker_processes 2; events {{ worker_connections 512; }}\n"
    "http {{ access_log off;\n"
    "  client_body_temp_path {0}/t1; proxy_temp_path {0}/t2;\n"
    "  fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4;\n"
    "  scgi_temp_path {0}/t5;\n"
    "  server {{ listen unix:{0}/socket; root {1}; }} }}\n";

// An nginx that listens on a socket in `directory` and serves `root`.
class Nginx {
 public:
  Nginx(const std::string& directory, const std::string& root)
      : socket_(directory + "/socket"),
        nginx_({"nginx", "-c", Configure(directory, root)}) {
    REQUIRE(Eventually([&] { return Ask("/version").status == 200; }));
  }
  ~Nginx() {
    nginx_.Kill(SIGTERM);
    nginx_.Wait();
  }

  const std::string& socket() const { return socket_; }
  HttpResponse Ask(const std::string& path) const {
    CurlHttp http;
    return http.Send(
        {.url = "http://shop" + path, .unix_socket = socket_, .body = ""});
  }
  std::string Version() const { return Ask("/version").body; }

 private:
  static std::string Configure(const std::string& directory,
                               const std::string& root) {
    const std::string path = directory + "/nginx.conf";
    Spill(path, fmt::format(kNginx, directory, root));
    return path;
  }

  std::string socket_;
  Started nginx_;
};

// Two clients that send requests in a loop, each on a new connection.
class Load {
 public:
  explicit Load(const Nginx& nginx) : nginx_(nginx) {
    for (int i = 0; i < 2; ++i) {
      threads_.emplace_back([this] {
        while (!stop_) AskOnce();
      });
    }
    REQUIRE(Eventually([&] { return asked_ > 50; }));
  }
  ~Load() { Stop(); }

  // Ends the load after at least 50 more requests.
  void End() {
    const long before = asked_;
    REQUIRE(Eventually([&] { return asked_ > before + 50; }));
    Stop();
    MESSAGE(
        fmt::format("{} requests, {} failed", asked_.load(), failed_.load()));
  }

  long failed() const { return failed_; }
  // Returns the distinct contents of successful answers.
  std::set<std::string> seen() const { return seen_; }

 private:
  void AskOnce() {
    const HttpResponse response = nginx_.Ask("/version");
    ++asked_;
    if (response.status != 200) ++failed_;
    const std::lock_guard lock(mutex_);
    if (response.status == 200) seen_.insert(response.body);
  }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  const Nginx& nginx_;
  std::atomic<bool> stop_ = false;
  std::atomic<long> asked_ = 0;
  std::atomic<long> failed_ = 0;
  std::mutex mutex_;
  std::set<std::string> seen_;
  std::vector<std::thread> threads_;
};

// Runs the command on a root.
class Root {
 public:
  explicit Root(std::string path) : path_(std::move(path)) {}

  Finished Release(std::vector<std::string> words) const {
    words.insert(words.begin(), {RELEASE_BINARY, "--root", path_});
    return Run(words);
  }
  void Must(const std::vector<std::string>& words) const {
    const Finished finished = Release(words);
    CAPTURE(finished.Describe());
    REQUIRE(finished.exit == 0);
  }
  nlohmann::json Json(std::vector<std::string> words) const {
    words.insert(words.begin(), "--json");
    const Finished finished = Release(words);
    CAPTURE(finished.Describe());
    return nlohmann::json::parse(finished.out);
  }
  // Deploys an archive with the file "version", which contains "version
  // VERSION".
  void Deploy(const std::string& directory, const std::string& version) const {
    const std::string archive = directory + "/" + version + ".tar";
    Spill(archive,
          TarBuilder().File("version", "version " + version + "\n").Bytes());
    Must({"deploy", archive, "--version", version});
  }
  std::string Link() const {
    return bfs::read_symlink(path_ + "/current").string();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Makes a plain directory with an app.
void MakeApp(const std::string& path) {
  bfs::create_directories(path + "/sub");
  Spill(path + "/version", "version plain\n");
  Spill(path + "/sub/more", "more");
}

void CheckWhole(const Root& root) {
  CHECK(root.Release({"verify", "--all"}).exit == 0);
  const nlohmann::json status = root.Json({"status"});
  CAPTURE(status.dump());
  CHECK(status["ok"] == true);
}

// Returns the state of each release.
std::multiset<std::string> States(const Root& root) {
  std::multiset<std::string> states;
  const nlohmann::json list = root.Json({"list"});
  for (const auto& release : list["releases"]) {
    states.insert(release["state"]);
  }
  return states;
}

// -- Capistrano

constexpr char kCapfile[] =
    "require \"capistrano/setup\"\nrequire \"capistrano/deploy\"\n"
    "require \"capistrano/scm/git\"\n"
    "install_plugin Capistrano::SCM::Git\n";

constexpr char kDeployRb[] =
    "set :application, \"shop\"\nset :repo_url, \"{0}/app\"\n"
    "set :branch, \"main\"\nset :deploy_to, \"{0}/root\"\n"
    "set :local_user, \"alice\"\n"
    "append :linked_dirs, \"log\"\nset :format, :simpletext\n"
    "if ENV[\"BREAK\"]\n  namespace :deploy do\n"
    "    task(:breaks) {{ raise \"broken\" }}\n"
    "    after :updated, :breaks\n  end\nend\n";

// A project that Debian's Capistrano deploys from a git repository to
// directory/root on this machine.
class Capistrano {
 public:
  explicit Capistrano(const std::string& directory) : directory_(directory) {
    bfs::create_directories(directory + "/cap/config/deploy");
    Spill(directory + "/cap/Capfile", kCapfile);
    Spill(directory + "/cap/config/deploy.rb",
          fmt::format(kDeployRb, directory));
    Spill(directory + "/cap/config/deploy/production.rb",
          "server :local, roles: %w{app}\n");
    Shell("git init -q -b main app");
  }

  // Commits the file "version" with "version VERSION", and deploys it with
  // Capistrano. `before` are environment assignments.
  Finished Deploy(const std::string& version, const std::string& before = "") {
    // Capistrano names releases by the second.
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    Shell(
        fmt::format("cd app && echo 'version {0}' > version && git add -A && "
                    "git -c user.name=a -c user.email=a@b commit -q -m {0}",
                    version));
    return RunShell(fmt::format("cd {}/cap && {} cap production deploy",
                                directory_, before));
  }
  void MustDeploy(const std::string& version) {
    const Finished finished = Deploy(version);
    CAPTURE(finished.Describe());
    REQUIRE(finished.exit == 0);
  }

 private:
  void Shell(const std::string& line) const {
    const Finished finished = RunShell("cd " + directory_ + " && " + line);
    CAPTURE(finished.Describe());
    REQUIRE(finished.exit == 0);
  }

  std::string directory_;
};

TEST_CASE("a tree of Capistrano's is adopted while nginx serves it") {
  const TempDir dir;
  Capistrano capistrano(dir.path());
  capistrano.MustDeploy("1");
  capistrano.MustDeploy("2");
  // A deploy that Capistrano gave up leaves its directory behind.
  REQUIRE(capistrano.Deploy("broken", "BREAK=1").exit != 0);
  const Root root(dir.path() + "/root");
  // Capistrano's link is absolute.
  REQUIRE(root.Link().starts_with(root.path() + "/releases/"));
  const std::string log = Slurp(root.path() + "/revisions.log");
  Nginx nginx(dir.path(), root.path() + "/current");
  Load load(nginx);
  const nlohmann::json outcome = root.Json({"init", "--adopt"});
  CAPTURE(outcome.dump());
  CHECK(outcome["exit"] == 0);
  CHECK(outcome["result"] == "committed");
  CHECK("releases/" + outcome["live"].get<std::string>() == root.Link());
  // The two releases that went live are good, and the third is failed.
  CHECK(States(root) == std::multiset<std::string>{"failed", "good", "good"});
  CHECK(bfs::is_symlink(root.path() + "/current/log"));
  CHECK(Slurp(root.path() + "/revisions.log") == log);
  load.End();
  CHECK(load.failed() == 0);
  CHECK(load.seen() == std::set<std::string>{"version 2\n"});
  CheckWhole(root);
  // A deploy and two rollbacks work from there.
  root.Deploy(dir.path(), "3");
  CHECK(nginx.Version() == "version 3\n");
  root.Must({"rollback"});
  CHECK(nginx.Version() == "version 2\n");
  root.Must({"rollback"});
  CHECK(nginx.Version() == "version 1\n");
  CHECK(root.Release({"rollback"}).exit == 7);
  CheckWhole(root);
}

TEST_CASE("a plain directory is adopted while nginx serves it") {
  const TempDir dir;
  const Root root(dir.path() + "/root");
  MakeApp(root.path() + "/current");
  chmod((root.path() + "/current").c_str(), 0751);
  REQUIRE(chown((root.path() + "/current/version").c_str(), 33, 33) == 0);
  Nginx nginx(dir.path(), root.path() + "/current");
  Load load(nginx);
  root.Must({"init", "--adopt", "--version", "1"});
  CHECK(root.Link() == "releases/1");
  load.End();
  CHECK(load.failed() == 0);
  CHECK(load.seen() == std::set<std::string>{"version plain\n"});
  struct stat info = {};
  REQUIRE(stat((root.path() + "/current/").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0751);
  REQUIRE(stat((root.path() + "/current/version").c_str(), &info) == 0);
  CHECK(info.st_uid == 33);
  CheckWhole(root);
  root.Deploy(dir.path(), "2");
  CHECK(nginx.Version() == "version 2\n");
  root.Must({"rollback"});
  CHECK(nginx.Version() == "version plain\n");
  CHECK(root.Json({"init", "--adopt"})["result"] == "unchanged");
}

TEST_CASE("the directory that is served itself moves into a root beside it") {
  const TempDir dir;
  const std::string app = dir.path() + "/shop";
  const Root root(dir.path() + "/shop.d");
  MakeApp(app);
  Nginx nginx(dir.path(), app);
  // A root cannot replace the served directory; the message names the command
  // that works.
  const Finished refused = Root(app).Release({"init", "--adopt"});
  CHECK(refused.exit == 3);
  CHECK(refused.err.find(fmt::format("release --root {0}.d init --adopt --from "
                                     "{0}",
                                     app)) != std::string::npos);
  CHECK(!bfs::exists(app + "/.release"));
  const std::vector<std::string> words = {"init", "--adopt",   "--from",
                                          app,    "--version", "1"};
  Load load(nginx);
  std::vector<std::string> dry = words;
  dry.emplace_back("--dry-run");
  const Finished plan = root.Release(dry);
  CHECK(plan.out.find("let " + app + " become") != std::string::npos);
  CHECK(!bfs::exists(root.path()));
  root.Must(words);
  CHECK(bfs::read_symlink(app) == root.path() + "/current");
  CHECK(root.Link() == "releases/1");
  load.End();
  CHECK(load.failed() == 0);
  CHECK(load.seen() == std::set<std::string>{"version plain\n"});
  CheckWhole(root);
  // nginx was not reloaded, and follows the link.
  root.Deploy(dir.path(), "2");
  CHECK(nginx.Version() == "version 2\n");
  root.Must({"rollback"});
  CHECK(nginx.Version() == "version plain\n");
  CHECK(root.Json(words)["result"] == "unchanged");
}

TEST_CASE("the same load notices the gap of a move by mv and ln") {
  const TempDir dir;
  const std::string root = dir.path() + "/root";
  MakeApp(root + "/current");
  bfs::create_directories(root + "/releases");
  Nginx nginx(dir.path(), root + "/current");
  Load load(nginx);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(RunShell(fmt::format("cd {} && mv current releases/1 && "
                                 "ln -s releases/1 current && sleep 0.02 && "
                                 "rm current && mv releases/1 current",
                                 root))
                .exit == 0);
  }
  load.End();
  CHECK(load.failed() > 0);
}

// -- trees that cannot be adopted in full

TEST_CASE("a mount below a tree is named, and nothing changes") {
  const TempDir dir;
  const Root root(dir.path() + "/root");
  MakeApp(root.path() + "/current");
  const PrivateMount mount("-t tmpfs tmpfs", root.path() + "/current/cache");
  const Finished refused = root.Release({"init", "--adopt"});
  CAPTURE(refused.Describe());
  CHECK(refused.exit == 3);
  CHECK(refused.err.find("cache") != std::string::npos);
  CHECK(refused.err.find("another file system") != std::string::npos);
  CHECK(bfs::is_directory(bfs::symlink_status(root.path() + "/current")));
  CHECK(root.Json({"history"})["transactions"][0]["code"] == "not-adoptable");
}

TEST_CASE("a root on two file systems is refused at once") {
  const TempDir dir;
  const Root root(dir.path() + "/root");
  bfs::create_directories(root.path());
  const PrivateMount mount("-t tmpfs tmpfs", root.path() + "/current");
  MakeApp(root.path() + "/current");
  const Finished refused = root.Release({"init", "--adopt"});
  CHECK(refused.exit == 3);
  CHECK(!bfs::exists(root.path() + "/.release"));
  const Root other(dir.path() + "/other");
  const Finished moved =
      other.Release({"init", "--adopt", "--from", root.path() + "/current"});
  CHECK(moved.exit == 3);
  CHECK(!bfs::exists(other.path()));
}

TEST_CASE("sockets and fifos in a tree are reported and left alone") {
  const TempDir dir;
  const Root root(dir.path() + "/root");
  MakeApp(root.path() + "/current");
  REQUIRE(mkfifo((root.path() + "/current/pipe").c_str(), 0600) == 0);
  REQUIRE(link((root.path() + "/current/version").c_str(),
               (root.path() + "/current/again").c_str()) == 0);
  const nlohmann::json outcome = root.Json({"init", "--adopt"});
  CHECK(outcome["exit"] == 0);
  REQUIRE(outcome["warnings"].size() == 1);
  CHECK(outcome["warnings"][0].get<std::string>().starts_with("current/pipe"));
  const Finished verified = root.Release({"verify"});
  CHECK(verified.exit == 8);
  CHECK(verified.out.find("1 difference") != std::string::npos);
}

}  // namespace
}  // namespace release
