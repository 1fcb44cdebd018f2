#include "service/running_check.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <fstream>

#include "support/expect_error.h"
#include "support/fake_clock.h"
#include "support/fake_runner.h"

namespace release {
namespace {

using std::chrono::seconds;
using Kind = ServiceProcesses::Kind;
using What = ProcessUse::What;
using Verdict = RunningVerdict::What;

const std::string kReleases = "/srv/shop/releases";

ProcessUse Use(int pid, What what, const std::string& path) {
  return {pid, "shopd", what, path};
}

Verdict Judge(const std::vector<ProcessUse>& uses) {
  return JudgeRunning(uses, kReleases, "1.4.2").what;
}

// A directory with the files of /proc that the check reads.
class FakeProc {
 public:
  FakeProc()
      : path_(boost::filesystem::temp_directory_path() /
              boost::filesystem::unique_path()) {}
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;
  ~FakeProc() { boost::filesystem::remove_all(path_); }

  void Add(const std::string& pid, const std::string& name, int parent,
           int terminal, const std::string& cgroup) {
    boost::filesystem::create_directories(path_ / pid);
    std::ofstream((path_ / pid / "stat").string()) << fmt::format(
        "{} ({}) S {} 7 7 {} -1 4194304\n", pid, name, parent, terminal);
    std::ofstream((path_ / pid / "cgroup").string()) << cgroup;
  }
  std::string path() const { return path_.string(); }

  // Returns the pids among 10, 11, 12 and 13 that belong to the service.
  std::vector<int> Of(const ServiceProcesses& service) const {
    std::vector<ProcessUse> uses;
    for (const int pid : {10, 11, 12, 13}) {
      uses.push_back(Use(pid, What::kDirectory, kReleases + "/1"));
    }
    std::vector<int> pids;
    for (const auto& use : UsesOf(service, uses, path())) {
      pids.push_back(use.pid);
    }
    return pids;
  }

 private:
  boost::filesystem::path path_;
};

struct Rig {
  FakeRunner runner;
  FakeClock clock;
  Waiter waiter{&clock};
  int asked = 0;
  std::vector<std::string> said;
  std::function<void(const std::string&)> say = [this](const std::string& s) {
    said.push_back(s);
  };

  // The service is the process tree of pid 1, so this test's own process, which
  // the real /proc lists, belongs to it.
  std::optional<std::string> Check() {
    return CheckRunsRelease(
        kReleases, "1.4.2", {seconds(90), say, "; do this"},
        [this] {
          ++asked;
          return ServiceProcesses{Kind::kTree, "", 1};
        },
        &runner, &waiter);
  }
};

}  // namespace

TEST_CASE("program, directory, mapping or file of the new release proves it") {
  for (const What what :
       {What::kExecutable, What::kDirectory, What::kMapping, What::kOpenFile}) {
    CHECK(Judge({Use(1, what, kReleases + "/1.4.2/bin/shopd")}) ==
          Verdict::kNew);
  }
  CHECK(Judge({Use(1, What::kDirectory, kReleases + "/1.4.2")}) ==
        Verdict::kNew);
}

TEST_CASE("a longer version is not the new release") {
  CHECK(Judge({Use(1, What::kDirectory, kReleases + "/1.4.21")}) ==
        Verdict::kOld);
}

TEST_CASE("program, directory or mapping of another release shows an old one") {
  for (const What what :
       {What::kExecutable, What::kDirectory, What::kMapping}) {
    CHECK(Judge({Use(1, what, kReleases + "/1.4.1/bin/shopd")}) ==
          Verdict::kOld);
  }
  CHECK(Judge({Use(1, What::kExecutable,
                   kReleases + "/.trash-000043-1.4.1/shopd (deleted)")}) ==
        Verdict::kOld);
}

TEST_CASE("an open file of an old release is no evidence") {
  CHECK(Judge({Use(1, What::kOpenFile, kReleases + "/1.4.1/film.mp4")}) ==
        Verdict::kNothing);
}

TEST_CASE("one process on the new release suffices beside old ones") {
  CHECK(Judge({Use(1, What::kDirectory, kReleases + "/1.4.1"),
               Use(2, What::kDirectory, kReleases + "/1.4.2")}) ==
        Verdict::kNew);
}

TEST_CASE("a root behind a symlink is matched by its last components") {
  CHECK(Judge({Use(1, What::kDirectory, "/data/shop/releases/1.4.2/x")}) ==
        Verdict::kNew);
  CHECK(Judge({Use(1, What::kDirectory, "/data/shop/releases/1.4.1/x")}) ==
        Verdict::kOld);
  CHECK(Judge({Use(1, What::kDirectory, "/elsewhere/1.4.1")}) ==
        Verdict::kNothing);
}

TEST_CASE("a unit's processes are those in its group and below it") {
  FakeProc proc;
  proc.Add("10", "shopd", 1, 0, "0::/system.slice/shop.service\n");
  proc.Add("11", "worker", 1, 0, "0::/system.slice/shop.service/workers\n");
  proc.Add("12", "other", 1, 0, "0::/system.slice/shop.service-not\n");
  proc.Add("13", "legacy", 1, 0,
           "4:pids:/\n1:name=systemd:/system.slice/shop.service\n");
  CHECK(proc.Of({Kind::kControlGroup, "/system.slice/shop.service", 0}) ==
        std::vector<int>{10, 11, 13});
  CHECK(proc.Of({Kind::kControlGroup, "", 0}).empty());
}

TEST_CASE("a pidfile's processes are its tree, whatever they are called") {
  FakeProc proc;
  proc.Add("10", "shopd", 1, 0, "");
  proc.Add("11", "a) S 99 (b", 10, 0, "");
  proc.Add("12", "grandchild", 11, 0, "");
  proc.Add("13", "stranger", 1, 0, "");
  CHECK(proc.Of({Kind::kTree, "", 10}) == std::vector<int>{10, 11, 12});
}

TEST_CASE("with a command only, shells and our own callers do not count") {
  FakeProc proc;
  proc.Add("self", "release", 12, 0, "");
  proc.Add("10", "shopd", 1, 0, "");
  proc.Add("11", "bash", 1, 34816, "");
  proc.Add("12", "deploy.sh", 1, 0, "");
  CHECK(proc.Of({}) == std::vector<int>{10});  // 13 has ended
}

TEST_CASE("if no process uses a release, the check passes with a remark") {
  Rig rig;
  CHECK(rig.Check().value_or("").find("cannot be seen") != std::string::npos);
  CHECK(rig.Check().value_or("").find("running_check = \"off\"") !=
        std::string::npos);
  CHECK(rig.runner.asked_users_of == kReleases);
}

TEST_CASE("old processes may end within the time limit") {
  Rig rig;
  const int self = static_cast<int>(getpid());
  rig.runner.uses = {Use(self, What::kDirectory, kReleases + "/1.4.1")};
  const Nanoseconds start = rig.clock.SinceBoot();
  rig.clock.At(start + seconds(10), [&] {
    rig.runner.uses = {Use(self, What::kDirectory, kReleases + "/1.4.2")};
  });
  CHECK_FALSE(rig.Check());
  CHECK(rig.clock.SinceBoot() - start <= seconds(11));
  CHECK(rig.asked >= 100);
  // The wait is explained once.
  REQUIRE(rig.said.size() == 1);
  CHECK(rig.said[0].find("1.4.1\"\nwaiting up to 1m30s") != std::string::npos);
}

TEST_CASE("a wait of less than five seconds is not worth a word") {
  Rig rig;
  const int self = static_cast<int>(getpid());
  rig.runner.uses = {Use(self, What::kDirectory, kReleases + "/1.4.1")};
  rig.clock.At(rig.clock.SinceBoot() + seconds(4), [&] {
    rig.runner.uses = {Use(self, What::kDirectory, kReleases + "/1.4.2")};
  });
  CHECK_FALSE(rig.Check());
  CHECK(rig.said.empty());
}

TEST_CASE("old processes alone at the time limit fail, with pids and paths") {
  Rig rig;
  const int self = static_cast<int>(getpid());
  rig.runner.uses = {Use(self, What::kDirectory, kReleases + "/1.4.1")};
  const Nanoseconds start = rig.clock.SinceBoot();
  const Error error = ErrorOf([&] { rig.Check(); });
  CHECK(error.code() == ErrorCode::kServiceRunsOldRelease);
  CHECK(error.expected() == "1.4.2");
  CHECK(error.found() == "1.4.1");
  CHECK(error.path() == kReleases + "/1.4.1");
  CHECK(Says(error,
             fmt::format("{} (shopd) uses \"{}/1.4.1\"", self, kReleases)));
  CHECK(Says(error, "; do this"));
  CHECK(rig.clock.SinceBoot() - start >= seconds(90));
  CHECK(rig.clock.SinceBoot() - start <= seconds(91));
}

}  // namespace release
