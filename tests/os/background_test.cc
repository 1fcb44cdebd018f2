#include "os/background.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/filesystem.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "os/descriptor.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// Waits for a file that appears by rename and returns its text, or "" if it
// does not appear.
std::string Await(const std::string& path) {
  for (int i = 0; i < 2'000; ++i) {
    if (bfs::exists(path)) return Slurp(path);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return "";
}

void Tell(const std::string& path, const std::string& text) {
  Spill(path + ".new", text);
  bfs::rename(path + ".new", path);
}

std::string LinkOf(int fd) {
  boost::system::error_code error;
  const auto path =
      bfs::read_symlink(fmt::format("/proc/self/fd/{}", fd), error);
  return error ? "" : path.string();
}

// Pretends to run outside a systemd unit: the tests themselves may run in one.
struct OutsideUnits {
  OutsideUnits() { unsetenv("INVOCATION_ID"); }
  TempDir dir;
};

TEST_CASE("a background process has its own session and streams") {
  const OutsideUnits outside;
  const TempDir& dir = outside.dir;
  const std::string told = dir.path() + "/told";
  const pid_t session = getsid(0);  // may be led by this process
  REQUIRE(RunInBackground([&] {
    Tell(told, fmt::format("{} {} {} {}", getsid(0) == getpid(), LinkOf(0),
                           LinkOf(1), bfs::current_path().string()));
  }));
  CHECK(Await(told) == "true /dev/null /dev/null /");
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(getsid(0) == session);
}

TEST_CASE("a background process does not keep inherited descriptors") {
  const OutsideUnits outside;
  const TempDir& dir = outside.dir;
  const std::string go = dir.path() + "/go", told = dir.path() + "/told";
  // A script can hold a lock on a descriptor while it runs the command.
  Descriptor locked(
      open((dir.path() + "/lock").c_str(), O_RDWR | O_CREAT, 0600));
  REQUIRE(flock(locked.get(), LOCK_EX) == 0);
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  // The descriptors are closed from the lowest up, so the end of the pipe comes
  // after the lock's.
  REQUIRE(locked.get() < write_end.get());
  const Descriptor own(open(dir.path().c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(RunInBackground([&] {
    Await(go);
    Tell(told, LinkOf(own.get()));
  }));
  write_end.Close();
  locked.Close();
  pollfd wait{read_end.get(), POLLIN, 0};
  CHECK(poll(&wait, 1, 20'000) == 1);
  CHECK((wait.revents & POLLHUP) != 0);
  const Descriptor again(
      open((dir.path() + "/lock").c_str(), O_RDWR | O_CLOEXEC));
  CHECK(flock(again.get(), LOCK_EX | LOCK_NB) == 0);
  Spill(go, "");
  CHECK(Await(told) == dir.path());
}

TEST_CASE("a failure in the background is discarded, and a signal ends it") {
  const OutsideUnits outside;
  const TempDir& dir = outside.dir;
  const std::string told = dir.path() + "/told";
  REQUIRE(RunInBackground([] { throw std::runtime_error("lost"); }));
  REQUIRE(RunInBackground([&] {
    Tell(told, std::to_string(getpid()));
    std::this_thread::sleep_for(std::chrono::seconds(60));
  }));
  const int pid = std::stoi(Await(told));
  CHECK(kill(pid, SIGTERM) == 0);
  const std::string state = fmt::format("/proc/{}/stat", pid);
  bool ended = false;
  for (int i = 0; i < 2'000 && !ended; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ended =
        !bfs::exists(state) || Slurp(state).find(") Z ") != std::string::npos;
  }
  CHECK(ended);
}

TEST_CASE("no background process is started in a systemd unit") {
  setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
  CHECK_FALSE(RunInBackground([] {}));
  unsetenv("INVOCATION_ID");
}

}  // namespace
}  // namespace release
