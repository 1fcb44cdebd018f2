// Makes each system call of the built command fail once, on a real kernel. The
// exit status must be true, the next command must work, and nothing may be left
// behind.
//
// Only scripts/torture runs full sweeps. Other runs fail the calls that change
// or sync something, each with its most likely error, and sample the others.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>

#include "host/traced_site.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

struct Fault {
  std::string call;
  std::string error;
  unsigned stride =
      1;  // every stride-th call fails; scripts/torture: every call
};

// The command repeats these calls after EINTR, so the outcome must not change.
// A sync is different: after EINTR it has failed.
const std::vector<Fault> kInterrupted = {
    {"write", "EINTR", 5},     {"pread64", "EINTR", 5}, {"openat", "EINTR", 9},
    {"ftruncate", "EINTR", 1}, {"flock", "EINTR", 1},   {"fallocate", "EINTR"}};

const std::vector<Fault> kFailing = {
    {"fsync", "EIO"},          {"syncfs", "EIO"},
    {"fsync", "EINTR", 2},     {"write", "ENOSPC", 4},
    {"ftruncate", "EIO"},      {"fallocate", "ENOSPC"},
    {"renameat2", "ENOSPC"},   {"renameat2", "EIO"},
    {"symlinkat", "ENOSPC"},   {"mkdirat", "ENOSPC", 2},
    {"unlinkat", "EIO", 2},    {"openat", "EMFILE", 13},
    {"openat2", "EACCES", 13}, {"getdents64", "EIO"},
    {"flock", "EIO"},          {"readlinkat", "EIO", 3},
    {"fchmodat", "EIO"},       {"newfstatat", "EIO", 17},
    {"fstatfs", "EIO"},        {"utimensat", "EIO"}};

// The faults of scripts/torture: every call with every error.
std::vector<Fault> AllFaults() {
  std::vector<Fault> all;
  for (const char* call :
       {"openat",     "openat2",    "write",     "pread64",   "read",
        "fsync",      "syncfs",     "renameat2", "linkat",    "symlinkat",
        "unlinkat",   "mkdirat",    "ftruncate", "fallocate", "fchmodat",
        "fchownat",   "newfstatat", "fstat",     "fstatfs",   "readlinkat",
        "getdents64", "flock",      "fcntl",     "clone3",    "utimensat",
        "fchown"}) {
    for (const char* error : {"EIO", "ENOSPC", "EINTR", "EACCES", "EMFILE"}) {
      all.push_back({call, error});
    }
  }
  return all;
}

// After one strike in so many the next commands are tried as well; after every
// one by scripts/torture.
constexpr unsigned kChecksNext = 3;

struct Scenario {
  std::vector<std::string> words;
  int exit = 0;        // the exit status if nothing fails
  std::string before;  // the version that is live if it fails
  std::string after;   // the version that is live if it succeeds
  std::string start;   // the version that is live at first, if it differs
};

class Rig : public TracedSite {
 public:
  Rig() {
    next_ = site().Archive("9.0");
    HideProcesses();
  }

  void Sweep(const Scenario& scenario) {
    Keep();
    SweepAll(scenario);
    // Unpacking uses several threads, and strace counts per thread, so the
    // sweeps above run with one. These run with all threads.
    if (scenario.words[0] != "deploy") return;
    threads_ = Threads::kMany;
    if (Torture()) return SweepAll(scenario);
    CHECK(SweepOne(scenario, {"clone3", "EAGAIN"}, /*invisible=*/false) > 0);
  }

 private:
  void SweepAll(const Scenario& scenario) {
    unsigned struck = 0;
    for (const Fault& fault : Torture() ? AllFaults() : kFailing) {
      struck += SweepOne(scenario, fault, /*invisible=*/false);
    }
    for (const Fault& fault : kInterrupted) {
      struck += SweepOne(scenario, fault, /*invisible=*/true);
    }
    MESSAGE(scenario.words[0] << ": " << struck << " calls failed");
    // Proves that strace has injected faults at all.
    CHECK(struck > 20);
  }

  unsigned SweepOne(const Scenario& scenario, const Fault& fault,
                    bool invisible) {
    const unsigned stride = Torture() ? 1 : fault.stride;
    for (unsigned n = 1, struck = 0;; n += stride, ++struck) {
      CAPTURE(fault.call);
      CAPTURE(fault.error);
      CAPTURE(n);
      if (!Strike(scenario, fault, n, invisible)) return struck;
    }
  }

  // Runs the command with the n-th such call failing, and makes all checks.
  // Returns false if the command made fewer calls.
  bool Strike(const Scenario& scenario, const Fault& fault, unsigned n,
              bool invisible) {
    const Finished finished =
        Trace({"-e", "trace=" + fault.call, "-e",
               "inject=" + fault.call + ":error=" + fault.error +
                   ":when=" + std::to_string(n)},
              scenario.words, threads_);
    INFO(finished.Describe());
    const bool struck = Traced().find("(INJECTED)") != std::string::npos;
    // 127: the fault hit the dynamic loader, which does not repeat calls after
    // EINTR.
    const bool started = finished.exit != 127;
    if (started && (invisible || !struck))
      CHECK(finished.exit == scenario.exit);
    CheckTruth(scenario, finished);
    // Takes longer than all that is before it.
    if (Torture() || ++strikes_ % kChecksNext == 0) CheckNext();
    return struck;
  }

  void CheckTruth(const Scenario& scenario, const Finished& finished) {
    const std::string live = site().Live();
    CHECK(finished.signal == 0);
    switch (finished.exit) {
      case 0:
        CHECK(live == scenario.after);
        CHECK_FALSE(RecordLeftOpen(site().root()));
        break;
      case 4:
        CHECK(live == scenario.before);
        CHECK_FALSE(RecordLeftOpen(site().root()));
        break;
      case 5:
        // Allowed only if the fault hit an undo; the message must name the live
        // release.
        CHECK((scenario.exit == 4 || !scenario.start.empty()));
        CHECK(finished.err.find(live + " is live now") != std::string::npos);
        break;
      default:
        CHECK((live == scenario.before || live == scenario.start));
    }
    CHECK(site().Release({"verify"}).exit == 0);
  }

  // Checks that the next deploy and rollback work without a fault, and that
  // nothing is left behind.
  void CheckNext() {
    const Finished next = site().Release({"deploy", next_, "--version", "9.0"});
    INFO(next.Describe());
    CHECK(next.exit == 0);
    CHECK(site().Live() == "9.0");
    CHECK_FALSE(RecordLeftOpen(site().root()));
    CHECK(Garbage(site().root()) == std::vector<std::string>{});
    for (const auto& entry :
         bfs::directory_iterator(site().root() + "/.release/manifests")) {
      CHECK(bfs::exists(site().root() + "/releases/" +
                        entry.path().filename().string()));
    }
    const Finished back = site().Release({"rollback"});
    INFO(back.Describe());
    CHECK(back.exit == 0);
    CHECK(site().Release({"verify", "--all"}).exit == 0);
  }

  std::string next_;
  unsigned strikes_ = 0;
  Threads threads_ = Threads::kOne;
};

TEST_SUITE("any one failing call in a") {
  TEST_CASE("deploy is reported truly and leaves nothing behind") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0"});
    rig.Sweep(
        {.words = {"deploy", rig.site().Archive("3.0"), "--version", "3.0"},
         .before = "2.0",
         .after = "3.0"});
  }

  TEST_CASE("deploy that fails is reported truly and leaves nothing behind") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0"});
    rig.Sweep({.words = {"deploy", rig.site().Archive("3.0"), "--version",
                         "3.0", "--confirm-within", "0s"},
               .exit = 4,
               .before = "2.0",
               .after = "2.0"});
  }

  TEST_CASE("rollback is reported truly and leaves nothing behind") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0", "3.0"});
    rig.Sweep({.words = {"rollback"}, .before = "3.0", .after = "2.0"});
  }

  TEST_CASE("prune is reported truly and leaves nothing behind") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"});
    rig.Sweep({.words = {"prune"}, .before = "7.0", .after = "7.0"});
  }

  TEST_CASE("recover is reported truly and leaves nothing behind") {
    Rig rig;
    DeployAll(rig.site(), {"1.0", "2.0"});
    rig.InterruptDeploy();
    rig.Sweep({.words = {"recover"},
               .before = "2.0",
               .after = "2.0",
               .start = "3.0"});
  }
}

}  // namespace
}  // namespace release
