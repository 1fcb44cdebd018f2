// A deploy ends before the trees that it pruned have been deleted; a background
// process deletes them. These tests stop that process in the middle
// (rig/calls.c) and look at the state.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <charconv>
#include <optional>

#include "host/site.h"
#include "os/descriptor.h"
#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// A site with releases 1.0 and 2.0, of which 2.0 is live. The next deploy
// prunes 1.0.
struct Crowded {
  Crowded() {
    for (const char* version : {"1.0", "2.0", "3.0", "4.0"}) {
      site.Archive(version);
    }
    site.Must(Words("1.0"));
    site.Must(Words("2.0"));
  }
  std::vector<std::string> Words(const std::string& version) const {
    return {"--config",
            config,
            "--json",
            "deploy",
            fmt::format("{}/{}.tar", site.files(), version),
            "--version",
            version};
  }
  // Returns a shell line that deploys; its background process stops before it
  // deletes the first file.
  std::string Deploy(const std::string& version) const {
    std::string line = fmt::format(
        "env -u INVOCATION_ID LD_PRELOAD={} RIG_ROOT={} RIG_LOG={}/log "
        "RIG_STOP_BEFORE='unlinkat releases/.trash' ",
        RELEASE_RIG_CALLS, site.root(), site.files());
    for (const std::string& word : site.CommandLine(Words(version))) {
      line += word + " ";
    }
    return line;
  }
  std::string Trash() const {
    for (const auto& entry : bfs::directory_iterator(releases)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".trash-")) return name;
    }
    return "";
  }
  bool Deleted() const {
    return Eventually([&] { return Trash().empty(); });
  }

  Site site;
  std::string config = site.ConfigFile("one.toml", "keep_releases = 1\n");
  std::string releases = site.root() + "/releases";
};

// Returns the pid of the background process of this root: it runs the built
// command and has the root open.
std::optional<int> Deleting(const std::string& root) {
  for (const auto& process : bfs::directory_iterator("/proc")) {
    int pid = 0;
    const std::string name = process.path().filename().string();
    const auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || *end != '\0') continue;
    boost::system::error_code ignored;
    const auto exe = bfs::read_symlink(process.path() / "exe", ignored);
    if (exe != RELEASE_BINARY) continue;
    for (const auto& fd :
         bfs::directory_iterator(process.path() / "fd", ignored)) {
      if (bfs::read_symlink(fd.path(), ignored) == root) return pid;
    }
  }
  return std::nullopt;
}

// Waits until that process has stopped in the middle. Returns its pid.
int AwaitStopped(const std::string& root) {
  std::optional<int> pid;
  REQUIRE(Eventually([&] {
    pid = Deleting(root);
    return pid && Slurp(fmt::format("/proc/{}/stat", *pid)).find(") T ") !=
                      std::string::npos;
  }));
  return *pid;
}

TEST_CASE("a deploy ends and releases everything before it deletes") {
  const Crowded crowded;
  // The caller is a script that holds its own lock and reads the output of the
  // command through a pipe.
  const std::string lock = crowded.site.files() + "/callers.lock";
  const std::string out = crowded.site.files() + "/out";
  const Finished finished =
      Run({"sh", "-c",
           fmt::format("exec 9>{}; flock 9; {} | cat >{}", lock,
                       crowded.Deploy("3.0"), out)});
  INFO(finished.Describe());
  REQUIRE(finished.exit == 0);
  // `cat` has ended, so the background process does not hold the pipe.
  const auto outcome = nlohmann::json::parse(Slurp(out));
  CHECK(outcome["exit"] == 0);
  CHECK(outcome["live"] == "3.0");
  const int pid = AwaitStopped(crowded.site.root());
  REQUIRE_FALSE(crowded.Trash().empty());
  CHECK(bfs::read_symlink(fmt::format("/proc/{}/fd/1", pid)) == "/dev/null");
  const Descriptor callers(open(lock.c_str(), O_RDWR | O_CLOEXEC));
  CHECK(flock(callers.get(), LOCK_EX | LOCK_NB) == 0);
  // The lock of the command is free too: a rollback works at once.
  CHECK(crowded.site.Release({"rollback"}).exit == 0);
  CHECK(crowded.site.Live() == "2.0");
  CHECK_FALSE(crowded.Trash().empty());
  kill(pid, SIGCONT);
  CHECK(crowded.Deleted());
}

TEST_CASE("the next deploy completes a deletion that was killed") {
  const Crowded crowded;
  REQUIRE(RunShell(crowded.Deploy("3.0")).exit == 0);
  kill(AwaitStopped(crowded.site.root()), SIGKILL);
  REQUIRE_FALSE(crowded.Trash().empty());
  CHECK(crowded.site.Status()["problems"].empty());
  CHECK(crowded.site.Release({"verify", "--all"}).exit == 0);
  REQUIRE(crowded.site.Release(crowded.Words("4.0")).exit == 0);
  CHECK(crowded.Deleted());
}

TEST_CASE("two processes may delete the same tree") {
  const Crowded crowded;
  REQUIRE(RunShell(crowded.Deploy("3.0")).exit == 0);
  const int pid = AwaitStopped(crowded.site.root());
  const Finished finished = crowded.site.Release({"prune"});
  INFO(finished.Describe());
  CHECK(finished.exit == 0);
  CHECK(finished.err.find("warning") == std::string::npos);
  CHECK(crowded.Trash().empty());
  kill(pid, SIGCONT);
  CHECK(Eventually([&] { return !Deleting(crowded.site.root()); }));
}

TEST_CASE("in a unit, and with one thread, the deploy itself deletes") {
  for (const char* variable : {"INVOCATION_ID=1", "RELEASE_THREADS=1"}) {
    CAPTURE(variable);
    const Crowded crowded;
    std::vector<std::string> line = {"env", variable};
    for (const std::string& word :
         crowded.site.CommandLine(crowded.Words("3.0"))) {
      line.push_back(word);
    }
    CHECK(Run(line).exit == 0);
    CHECK(crowded.Trash().empty());
  }
}

}  // namespace
}  // namespace release
