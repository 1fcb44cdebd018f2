// Kills the built command with SIGKILL at its mutating system calls, on a real
// file system. After each kill `status` must be true, and the next command must
// settle the transaction.
//
// A kill does not lose changes that the kernel has accepted, so a file system
// in memory is enough, and makes hundreds of runs affordable.
// tests/deploy/crash_test.cc tests power cuts.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <sstream>

#include "host/traced_site.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// Every call with which the command could change a disk, and openat and close,
// which stand for the moments in between.
constexpr char kCalls[] =
    "write,pwrite64,writev,rename,renameat,renameat2,symlink,symlinkat,link,"
    "linkat,mkdir,mkdirat,unlink,unlinkat,rmdir,openat,openat2,fsync,fdatasync,"
    "syncfs,ftruncate,fallocate,chmod,fchmod,fchmodat,fchown,fchownat,"
    "utimensat,flock,close";

// A call that is made more often than kAllUpTo times is sampled: these are
// openat and close, mostly of the dynamic linker or for reading. Every rename,
// link, sync and record line is a kill point. scripts/torture does not sample.
constexpr unsigned kAllUpTo = 24;
constexpr unsigned kSamples = 8;

struct Scenario {
  std::vector<std::string> words;  // the command that is killed
  int exit = 0;                    // the exit status if nothing kills it
  std::string before;              // the release that recovery goes back to
  std::string after;      // the release that is live if nothing kills it
  std::string meanwhile;  // a release that may be live in between
};

class Rig : public TracedSite {
 public:
  Rig() {
    config_ = site().ConfigFile("keep-one.toml", "keep_releases = 1\n");
    next_ = site().Archive("9.0");
  }

  const std::string& config() const { return config_; }

  void KillEverywhere(const Scenario& scenario) {
    unsigned kills = 0;
    for (const auto& [name, times] : CountCalls(scenario)) {
      const std::string& call = name;
      const unsigned stride =
          times > kAllUpTo && !Torture() ? times / kSamples : 1;
      for (unsigned n = 1; n <= times; n += stride) {
        CAPTURE(call);
        CAPTURE(n);
        if (Kill(scenario, call, n)) ++kills;
      }
    }
    MESSAGE(scenario.words[2] << ": killed " << kills << " times");
    // Proves that strace has injected signals at all.
    CHECK(kills > 20);
  }

 private:
  // Returns how often the command makes each call if nothing kills it.
  std::map<std::string, unsigned> CountCalls(const Scenario& scenario) {
    const Finished finished =
        Trace({"-e", std::string("trace=") + kCalls}, scenario.words);
    INFO(finished.Describe());
    REQUIRE(finished.exit == scenario.exit);
    REQUIRE(site().Live() == scenario.after);
    std::map<std::string, unsigned> times;
    std::istringstream lines(Traced());
    for (std::string pid, rest; lines >> pid && std::getline(lines, rest);) {
      const std::size_t bracket = rest.find('(');
      // strace pads the pid with blanks.
      const std::size_t name = rest.find_first_not_of(' ');
      if (bracket != std::string::npos) {
        ++times[rest.substr(name, bracket - name)];
      }
    }
    return times;
  }

  // Kills the command at its n-th such call and makes all checks. Returns false
  // if the command ended before that call.
  bool Kill(const Scenario& scenario, const std::string& call, unsigned n) {
    const Finished killed =
        Trace({"-e", "trace=" + call, "-e",
               "inject=" + call + ":signal=SIGKILL:when=" + std::to_string(n)},
              scenario.words);
    INFO(killed.Describe());
    const bool died = killed.signal == SIGKILL;
    if (!died) CHECK(killed.exit == scenario.exit);
    CheckTruth(scenario);
    const bool open = RecordLeftOpen(site().root());
    const std::string expected = open ? scenario.before : site().Live();
    if (++round_ % 2 == 0) {
      SettleByRecover(expected);
    } else {
      SettleByDeploy(expected);
    }
    return died;
  }

  void CheckTruth(const Scenario& scenario) {
    const std::string live = site().Live();
    CHECK((live == scenario.before || live == scenario.after ||
           live == scenario.meanwhile));
    const nlohmann::json status = site().Status();
    INFO(status.dump());
    CHECK(status["live"] == live);
    CHECK(status["interrupted"] == RecordLeftOpen(site().root()));
    CHECK(status["in_progress"].is_null());
    CHECK(bfs::exists(site().root() + "/current/name"));
    CHECK(site().Release({"verify"}).exit == 0);
  }

  void SettleByRecover(const std::string& expected) {
    const Finished finished = site().Release({"recover"});
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(site().Live() == expected);
    const nlohmann::json status = CheckSettled();
    REQUIRE(status["rollback_target"].is_string());
    CheckRollback(status["rollback_target"]);
  }

  void SettleByDeploy(const std::string& expected) {
    const Finished finished =
        site().Release({"deploy", next_, "--version", "9.0"});
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(site().Live() == "9.0");
    CheckSettled();
    CheckRollback(expected);
  }

  nlohmann::json CheckSettled() {
    const nlohmann::json status = site().Json({"status", "--check"});
    INFO(status.dump());
    CHECK(status["ok"] == true);
    CHECK(status["interrupted"] == false);
    CHECK_FALSE(RecordLeftOpen(site().root()));
    CHECK(Garbage(site().root()) == std::vector<std::string>{});
    CHECK(site().Release({"verify", "--all"}).exit == 0);
    return status;
  }

  void CheckRollback(const std::string& target) {
    const Finished finished = site().Release({"rollback"});
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(site().Live() == target);
  }

  std::string config_;
  std::string next_;
  unsigned round_ = 0;
};

TEST_SUITE("kill -9 in a") {
  TEST_CASE("deploy that prunes too leaves a true state that is settled") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0"});
    rig.Keep();
    rig.KillEverywhere(
        {.words = {"--config", rig.config(), "deploy",
                   rig.site().Archive("3.0"), "--version", "3.0"},
         .before = "2.0",
         .after = "3.0"});
  }

  TEST_CASE("deploy that fails leaves a true state that is settled") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0"});
    rig.Keep();
    rig.KillEverywhere({.words = {"--config", rig.config(), "deploy",
                                  rig.site().Archive("3.0"), "--version", "3.0",
                                  "--confirm-within", "0s"},
                        .exit = 4,
                        .before = "2.0",
                        .after = "2.0",
                        .meanwhile = "3.0"});
  }

  TEST_CASE("rollback leaves a true state that is settled") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0", "3.0"});
    rig.Keep();
    rig.KillEverywhere({.words = {"--config", rig.config(), "rollback"},
                        .before = "3.0",
                        .after = "2.0"});
  }

  TEST_CASE("prune leaves a true state that is settled") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0", "3.0", "4.0"});
    rig.Keep();
    rig.KillEverywhere({.words = {"--config", rig.config(), "prune"},
                        .before = "4.0",
                        .after = "4.0"});
  }

  TEST_CASE("recover leaves a true state that is settled") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0"});
    rig.InterruptDeploy();
    rig.Keep();
    rig.KillEverywhere({.words = {"--config", rig.config(), "recover"},
                        .before = "2.0",
                        .after = "2.0",
                        .meanwhile = "3.0"});
  }
}

}  // namespace
}  // namespace release
