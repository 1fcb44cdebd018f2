#include "os/process_scan.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <chrono>
#include <fstream>
#include <functional>

#include "os/fs.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using What = ProcessUse::What;

struct Tree {
  Tree() {
    char pattern[] = "/tmp/release-scan-XXXXXX";
    root = mkdtemp(pattern);
    bfs::create_directories(root + "/1.4.2/bin");
    bfs::create_directories(root + "/1.4.20");
    std::ofstream(root + "/1.4.2/data") << "some data";
    bfs::copy_file("/bin/sleep", root + "/1.4.2/bin/app");
  }
  ~Tree() { bfs::remove_all(root); }
  std::string root;
};

// A child process that runs a preparation, reports that it is ready, and waits
// to be killed.
class Neighbour {
 public:
  explicit Neighbour(const std::function<void()>& prepare) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prepare();
      close(ends[1]);
      while (true) pause();
    }
    close(ends[1]);
    // The read ends when the child closes its end of the pipe, itself or by
    // exec.
    char byte;
    CHECK(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
  }
  ~Neighbour() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }

 private:
  pid_t pid_;
};

bool Shows(const std::string& directory, int pid, What what,
           const std::string& path) {
  for (const ProcessUse& use : ProcessesUsing(directory)) {
    if (use.pid == pid && use.what == what && use.path == path) return true;
  }
  return false;
}

// Gives this process a mount namespace of its own; for a user who may not make
// one, in a new user namespace that knows this user and group.
bool TakeOwnMounts() {
  const uid_t user = getuid();
  const gid_t group = getgid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/uid_map") << fmt::format("{0} {0} 1", user);
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/gid_map") << fmt::format("{0} {0} 1", group);
  }
  return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace

TEST_CASE("without descriptors a directory does not count as unused") {
  const pid_t child = fork();
  if (child == 0) {
    const int next = dup(0);
    close(next);
    // Enough for /proc and one process, not for the files of that process.
    const rlim_t limit = static_cast<rlim_t>(next) + 2;
    const rlimit few{limit, limit};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) _exit(3);
    try {
      ProcessesUsing("/no/such/directory");
    } catch (const FsError& error) {
      _exit(error.error_number() == EMFILE ? 0 : 2);
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("an unused directory has no users") {
  const Tree tree;
  CHECK(ProcessesUsing(tree.root).empty());
  CHECK(ProcessesUsing(tree.root + "/none").empty());
}

TEST_CASE("a process that runs from a release uses it") {
  const Tree tree;
  const std::string release = tree.root + "/1.4.2";
  const Neighbour neighbour(
      [&] { execl((release + "/bin/app").c_str(), "app", "600", nullptr); });
  CHECK(
      Shows(release, neighbour.pid(), What::kExecutable, release + "/bin/app"));
  CHECK(ProcessesUsing(release).front().name == "app");
  CHECK(Shows(tree.root + "/", neighbour.pid(), What::kExecutable,
              release + "/bin/app"));
  // "1.4.2" is a prefix of "1.4.20", but neither is below the other.
  CHECK(ProcessesUsing(tree.root + "/1.4.20").empty());
  CHECK(ProcessesUsing(tree.root + "/1.4").empty());
}

TEST_CASE("the uses of one process are those of no other") {
  const Tree tree;
  const std::string release = tree.root + "/1.4.2";
  const Neighbour neighbour(
      [&] { execl((release + "/bin/app").c_str(), "app", "600", nullptr); });
  const auto uses = UsesOfProcess(neighbour.pid(), release);
  REQUIRE_FALSE(uses.empty());
  for (const ProcessUse& use : uses) CHECK(use.pid == neighbour.pid());
  CHECK(UsesOfProcess(getpid(), release).empty());
  CHECK(UsesOfProcess(0, release).empty());
}

TEST_CASE("a working directory, an open file and a mapping are uses") {
  const Tree tree;
  const std::string release = tree.root + "/1.4.2";
  const Neighbour neighbour([&] {
    REQUIRE(chdir((release + "/bin").c_str()) == 0);
    const int fd = open((release + "/data").c_str(), O_RDONLY);
    mmap(nullptr, 9, PROT_READ, MAP_PRIVATE, fd, 0);
  });
  CHECK(Shows(release, neighbour.pid(), What::kDirectory, release + "/bin"));
  CHECK(Shows(release, neighbour.pid(), What::kOpenFile, release + "/data"));
  CHECK(Shows(release, neighbour.pid(), What::kMapping, release + "/data"));
}

TEST_CASE("a deleted file that is still open is a use") {
  const Tree tree;
  const std::string data = tree.root + "/1.4.2/data";
  const Neighbour neighbour([&] {
    open(data.c_str(), O_RDONLY);
    unlink(data.c_str());
  });
  CHECK(Shows(tree.root, neighbour.pid(), What::kOpenFile, data));
}

TEST_CASE("a directory named through a symbolic link has the same users") {
  const Tree tree;
  const Neighbour neighbour(
      [&] { REQUIRE(chdir((tree.root + "/1.4.2").c_str()) == 0); });
  bfs::create_directory_symlink("1.4.2", tree.root + "/current");
  CHECK(Shows(tree.root + "/current", neighbour.pid(), What::kDirectory,
              tree.root + "/1.4.2"));
}

TEST_CASE("in a container the same path is another file") {
  const Tree tree;
  const Neighbour neighbour([&] {
    REQUIRE(TakeOwnMounts());
    REQUIRE(mount("none", tree.root.c_str(), "tmpfs", 0, nullptr) == 0);
    bfs::create_directories(tree.root + "/1.4.2");
    REQUIRE(chdir((tree.root + "/1.4.2").c_str()) == 0);
  });
  const std::string cwd = fmt::format("/proc/{}/cwd", neighbour.pid());
  REQUIRE(bfs::read_symlink(cwd).string() == tree.root + "/1.4.2");
  CHECK(ProcessesUsing(tree.root).empty());
  CHECK(ProcessesUsing(tree.root + "/1.4.2").empty());
}

TEST_CASE("a sandboxed process uses the release, also in a root of its own") {
  const Tree tree;
  const std::string release = tree.root + "/1.4.2";
  for (const bool jailed : {false, true}) {
    const Neighbour neighbour([&] {
      REQUIRE(TakeOwnMounts());
      REQUIRE(chdir(release.c_str()) == 0);
      if (jailed) REQUIRE(chroot(release.c_str()) == 0);
    });
    CHECK(Shows(tree.root, neighbour.pid(), What::kDirectory, release));
  }
}

TEST_CASE("this process is not among the users") {
  const Tree tree;
  std::ifstream open_file(tree.root + "/1.4.2/data");
  CHECK(ProcessesUsing(tree.root).empty());
}

TEST_CASE("a process's users and start are known, whatever it is called") {
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  const Neighbour neighbour([&] { prctl(PR_SET_NAME, ") 9 (x"); });
  const auto facts = ReadProcessFacts(neighbour.pid());
  REQUIRE(facts);
  CHECK(facts->user == getuid());
  CHECK(facts->saved_user == geteuid());
  // The kernel counts in ticks of 10 ms.
  CHECK(facts->started > before - std::chrono::seconds(1));
  CHECK(facts->started < before + std::chrono::hours(1));
  CHECK_FALSE(ReadProcessFacts(0));
  CHECK_FALSE(ReadProcessFacts(-1));
}

TEST_CASE("each network namespace is represented by one process") {
  const auto network_of = [](const std::string& process) {
    boost::system::error_code ended;
    return bfs::read_symlink("/proc/" + process + "/ns/net", ended).string();
  };
  int own = 0;
  for (const int pid : ProcessOfEachNetwork()) {
    if (network_of(std::to_string(pid)) == network_of("self")) ++own;
  }
  CHECK(own == 1);
}

TEST_CASE("looking through all processes is quick") {
  const auto start = std::chrono::steady_clock::now();
  ProcessesUsing("/tmp/release-scan-none");
  const std::chrono::duration<double, std::milli> took =
      std::chrono::steady_clock::now() - start;
  MESSAGE("scan: ", took.count(), " ms");
  CHECK(took.count() < 5000);
}

}  // namespace release
