#include "os/startup.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <csignal>
#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "support/command_run.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// Runs `body` in a child process and returns its exit status.
int InChild(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool IsNull(int fd) {
  struct stat info = {};
  struct stat null = {};
  stat("/dev/null", &null);
  return fstat(fd, &info) == 0 && info.st_rdev == null.st_rdev;
}

}  // namespace

TEST_CASE("descriptors that the caller closed are filled, others are left") {
  CHECK(InChild([] {
          close(0);
          close(2);
          const bool out_was_null = IsNull(1);
          FillStandardDescriptors();
          const bool filled = IsNull(0) && IsNull(2);
          return filled && IsNull(1) == out_was_null ? 0 : 1;
        }) == 0);
  // Counter-check: without the call, the next file becomes standard output.
  CHECK(InChild([] {
          close(1);
          return open("/dev/zero", O_RDONLY) == 1 ? 0 : 1;
        }) == 0);
  CHECK(InChild([] {
          close(1);
          FillStandardDescriptors();
          return open("/dev/zero", O_RDONLY) > 2 ? 0 : 1;
        }) == 0);
}

TEST_CASE("closed descriptors are filled even without /dev") {
  if (geteuid() != 0) return;
  const TempDir bare;
  CHECK(InChild([&] {
          if (chroot(bare.path().c_str()) != 0) return 1;
          close(0);
          close(1);
          FillStandardDescriptors();
          // Printed text must not reach a file of the app.
          const bool filled = fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0;
          return filled && !WriteOut("x") ? 0 : 2;
        }) == 0);
}

TEST_CASE("all of a text is written to its stream") {
  const std::string text(1 << 20, 'x');
  const Printed printed = PrintedBy([&] {
    const bool both = WriteOut(text) && WriteErr("words\n");
    return both ? 0 : 1;
  });
  CHECK(printed.exit == 0);
  CHECK(printed.out == text);
  CHECK(printed.err == "words\n");
}

TEST_CASE("a write to a closed pipe returns false and does not kill") {
  CHECK(InChild([] {
          std::signal(SIGPIPE, SIG_IGN);
          int ends[2] = {};
          if (pipe(ends) != 0) return 2;
          dup2(ends[1], STDOUT_FILENO);
          dup2(ends[1], STDERR_FILENO);
          close(ends[0]);
          return WriteOut("x") || WriteErr("x") ? 1 : 0;
        }) == 0);
}

TEST_CASE("a reader that goes is noticed without a write") {
  CHECK(InChild([] {
          int ends[2] = {};
          if (pipe(ends) != 0) return 3;
          dup2(ends[1], STDOUT_FILENO);
          if (OutIsClosed()) return 1;
          close(ends[0]);
          return OutIsClosed() ? 0 : 2;
        }) == 0);
}

TEST_CASE("a variable that is not set is empty") {
  setenv("RELEASE_TEST_VARIABLE", "value", 1);
  CHECK(Environment("RELEASE_TEST_VARIABLE") == "value");
  unsetenv("RELEASE_TEST_VARIABLE");
  CHECK(Environment("RELEASE_TEST_VARIABLE").empty());
}

TEST_CASE("a path becomes absolute and normalized") {
  const std::string here = boost::filesystem::current_path().string();
  CHECK(AbsolutePath("/srv/shop/") == "/srv/shop");
  CHECK(AbsolutePath("/srv/./a/../shop") == "/srv/shop");
  CHECK(AbsolutePath("shop") == here + "/shop");
  CHECK(AbsolutePath(".") == here);
  CHECK(AbsolutePath("/") == "/");
}

TEST_CASE("only a relative path needs the working directory") {
  const TempDir dir;
  boost::filesystem::create_directory(dir.path() + "/gone");
  boost::filesystem::create_symlink("/srv", dir.path() + "/link");
  CHECK(InChild([&] {
          boost::filesystem::current_path(dir.path() + "/gone");
          boost::filesystem::remove(dir.path() + "/gone");
          if (AbsolutePath("/srv/./shop/") != "/srv/shop") return 1;
          if (RealPath(dir.path() + "/link") != "/srv") return 2;
          try {
            AbsolutePath("shop");
          } catch (const Error& error) {
            return error.code() == ErrorCode::kUsage ? 0 : 3;
          }
          return 4;
        }) == 0);
}

TEST_CASE("an environment keeps only the named variables and gets a PATH") {
  const pid_t child = fork();
  if (child == 0) {
    setenv("KEPT", "1", 1);
    setenv("GONE", "1", 1);
    KeepInEnvironment({"KEPT", "NOT_THERE"});
    const bool right =
        Environment("KEPT") == "1" && Environment("GONE").empty() &&
        Environment("PATH").starts_with("/usr/local/sbin:") &&
        Environment("NOT_THERE").empty() && environ[2] == nullptr;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("the nearest directory that exists is found") {
  const TempDir dir;
  CHECK(NearestExisting(dir.path()) == dir.path());
  CHECK(NearestExisting(dir.path() + "/a/b") == dir.path());
  CHECK(NearestExisting("/no-such/a") == "/");
}

}  // namespace release
