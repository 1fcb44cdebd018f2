// Kills the built command at its system calls while it starts, proves, switches
// to and stops instances. Whatever the moment, users keep their service, and
// the next command leaves exactly the instance that `current` names.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <boost/filesystem.hpp>
#include <map>
#include <optional>
#include <sstream>

#include "host/command.h"
#include "host/container_suite.h"
#include "host/front.h"
#include "host/instance_shop.h"
#include "host/site.h"
#include "host/user_load.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// Every call that changes something outside the process, and openat and close,
// which stand for the moments in between. Programs are started by clone.
constexpr char kCalls[] =
    "write,pwrite64,rename,renameat,renameat2,symlinkat,linkat,mkdirat,"
    "unlinkat,openat,openat2,fsync,fdatasync,syncfs,ftruncate,fallocate,"
    "fchmod,fchmodat,fchown,utimensat,flock,close,connect,sendto,clone,clone3,"
    "vfork";

// A call of the command: its name, and how many of that name came before, plus
// one.
struct Call {
  std::string name;
  unsigned nth = 0;
};

// Which command is killed, on which releases.
struct Scenario {
  std::string name;
  std::string command;           // "deploy" or "rollback"
  std::string behaviour = "ok";  // of what is deployed; see rig/instance_app.py
  int exit = 0;                  // if nothing kills it
  std::string instances = "";    // further lines of [instances]
  std::string from = "starting";  // the record from which on it is killed
};

std::string Config(const Scenario& scenario,
                   const std::string& deadline = "60s") {
  return "keep_releases = 3\n" +
         InstanceShop::Config(scenario.instances, "50ms", deadline);
}

class KilledShop {
 public:
  explicit KilledShop(const Scenario& scenario)
      : scenario_(scenario), shop_(Config(scenario)) {
    for (int i = 0; i < 4; ++i) DeployNext();
    load_.emplace(std::set<std::string>{});
  }

  // Returns the calls of a whole run, from the record that the scenario names.
  std::vector<Call> CallsFromTheStart() {
    const std::string before = Prepare();
    const Finished finished =
        Trace({"-s", "200", "-e", std::string("trace=") + kCalls});
    INFO(finished.Describe());
    REQUIRE(finished.exit == scenario_.exit);
    std::map<std::string, unsigned> times;
    std::vector<Call> calls;
    bool started = false;
    std::istringstream lines(Slurp(kTrace));
    for (std::string line; std::getline(lines, line);) {
      const std::string name = line.substr(0, line.find('('));
      if (name.size() == line.size()) continue;
      const unsigned nth = ++times[name];
      started = started || line.find(scenario_.from) != line.npos;
      if (started) calls.push_back({name, nth});
    }
    return calls;
  }

  // Kills the command at this call, and checks what is left before and after
  // the next command. Returns false if the command ended before.
  bool KillAt(const Call& call) {
    const std::string before = Prepare();
    const Finished killed = Trace(
        {"-e", "trace=" + call.name, "-e",
         fmt::format("inject={}:signal=SIGKILL:when={}", call.name, call.nth)});
    INFO(killed.Describe());
    const bool open = RecordLeftOpen("/srv/shop");
    const std::string expected =
        open ? before : bfs::path(shop_.Current()).filename().string();
    if (++round_ % 2 == 0) {
      Succeeds({"recover"});
      CheckOnly(expected);
    }
    DeployNext();
    CheckOnly(next_);
    Succeeds({"rollback"});
    CheckOnly(expected);
    if (scenario_.exit != 0) CHECK(shop_.UserRequests(killed_).empty());
    return killed.signal == SIGKILL;
  }

  void CheckUsers() {
    const UserLoad::Counts counts = load_->End();
    CAPTURE(counts.first_problem);
    CHECK(counts.errors == 0);
    CHECK(counts.good > 100);
    MESSAGE(scenario_.name << ": " << counts.good << " requests of users, "
                           << counts.errors << " failed");
  }

 private:
  // Makes the state in which the command is killed. Returns what is live.
  std::string Prepare() {
    if (scenario_.command == "rollback") {
      DeployNext();
      words_ = {"rollback"};
    } else {
      killed_ = fmt::format("{}", ++number_);
      words_ = {"deploy", shop_.Archive(killed_, scenario_.behaviour)};
    }
    return bfs::path(shop_.Current()).filename().string();
  }

  void DeployNext() {
    next_ = fmt::format("{}", ++number_);
    Succeeds({"deploy", shop_.Archive(next_)});
  }

  // The drain unit settles what was killed, too. The lock may be its.
  void Succeeds(std::vector<std::string> words) {
    words.insert(words.begin(), "--wait=30s");
    const Said said = shop_.Release(words);
    CAPTURE(said.err);
    REQUIRE(said.status == 0);
  }

  // A warm instance may run beside the live one.
  void CheckOnly(const std::string& version) {
    if (scenario_.instances.empty()) return shop_.CheckOnly(version);
    CHECK(shop_.Current() == "releases/" + version);
    CHECK(shop_.AskCurrent() == fmt::format("release {} serves\n", version));
    CHECK(Within(std::chrono::seconds(60),
                 [&] { return shop_.Instances().size() <= 2; }));
  }

  // Runs the command under strace with these options; only the command itself
  // is traced, not the programs that it starts.
  Finished Trace(const std::vector<std::string>& options) {
    std::vector<std::string> line = {"strace", "-qq", "-o",
                                     kTrace,   "-E",  "RELEASE_THREADS=1"};
    line.insert(line.end(), options.begin(), options.end());
    for (const std::string& word : LiveShop::Words(words_)) {
      line.push_back(word);
    }
    if (scenario_.exit == 0) return Run(line);
    // A bad release must not be waited for long.
    shop_.WriteConfig(Config(scenario_, "300ms"));
    Finished finished = Run(line);
    shop_.WriteConfig(Config(scenario_));
    return finished;
  }

  static constexpr char kTrace[] = "/tmp/instance-trace";

  Scenario scenario_;
  InstanceShop shop_;
  Front front_;
  std::optional<UserLoad> load_;
  std::vector<std::string> words_;  // the command that is killed
  std::string killed_;              // the release that it deploys
  std::string next_;                // the last release that was deployed whole
  int number_ = 0;
  int round_ = 0;
};

// Kills at every call, or, unless this is torture, at a sample of them.
void KillEverywhere(const Scenario& scenario) {
  constexpr std::size_t kSamples = 2;
  CAPTURE(scenario.name);
  KilledShop shop(scenario);
  const std::vector<Call> calls = shop.CallsFromTheStart();
  REQUIRE(calls.size() > 50);
  const std::size_t stride = Torture() ? 1 : calls.size() / kSamples;
  int kills = 0;
  for (std::size_t i = stride / 2; i < calls.size(); i += stride) {
    CAPTURE(calls[i].name);
    CAPTURE(calls[i].nth);
    if (shop.KillAt(calls[i])) ++kills;
  }
  MESSAGE(scenario.name << ": killed at " << kills << " of " << calls.size()
                        << " calls");
  // Proves that strace has injected signals at all.
  CHECK(kills > 0);
  shop.CheckUsers();
}

}  // namespace

TEST_SUITE("inside a container: killed deploy of an instance") {
  TEST_CASE("users are served, and one instance is left") {
    KillEverywhere({"deploy", "deploy"});
  }
}

TEST_SUITE("inside a container: killed deploy of a bad instance") {
  TEST_CASE("users are served, and one instance is left") {
    KillEverywhere({"deploy of a bad release", "deploy", "error", 1});
  }
}

TEST_SUITE("inside a container: killed rollback of instances") {
  TEST_CASE("users are served, and one instance is left") {
    KillEverywhere({"rollback", "rollback"});
  }
}

TEST_SUITE("inside a container: killed rollback to a warm instance") {
  TEST_CASE("users are served, and two instances are left") {
    KillEverywhere({"rollback to a warm instance", "rollback", "ok", 0,
                    "keep_warm = \"10m\"\n", "step-begun"});
  }
}

TEST_CASE("a killed command leaves no stray instance and no gap") {
  std::vector<std::string> suites = {"killed deploy of an instance"};
  if (Torture()) {
    suites.insert(suites.end(), {"killed deploy of a bad instance",
                                 "killed rollback of instances",
                                 "killed rollback to a warm instance"});
  }
  for (const std::string& suite : suites) {
    SystemdContainer container;
    CheckSuiteInside(&container, "inside a container: " + suite, 1);
  }
}

}  // namespace release
