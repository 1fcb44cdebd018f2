#include "os/safe_command.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "support/archives.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// Root's directory /own and another user's release /releases/1 with bin/x and
// x.py, to which /current leads.
struct Rig {
  Rig() {
    chmod(dir.path().c_str(), 0755);
    for (const char* part :
         {"/own", "/shared", "/releases", "/releases/1", "/releases/1/bin"}) {
      boost::filesystem::create_directory(dir.path() + part);
      chmod((dir.path() + part).c_str(), 0755);
    }
    boost::filesystem::create_directory_symlink("releases/1",
                                                dir.path() + "/current");
    for (const char* file :
         {"/own/safe", "/releases/1/bin/x", "/releases/1/x.py"}) {
      Spill(dir.path() + file, "#!/bin/sh\n");
      chmod((dir.path() + file).c_str(), 0755);
    }
    Give("/releases/1");
    Give("/shared");
    command.directory = dir.path() + "/releases/1";
  }
  void Give(const std::string& path) {
    if (geteuid() != 0) return;
    REQUIRE(chown((dir.path() + path).c_str(), 12345, 12345) == 0);
  }
  // Each "R" in the words stands for the root's path.
  std::string Unsafe(std::vector<std::string> words) {
    for (std::string& word : words) {
      if (const auto at = word.find("R/"); at != word.npos) {
        word.replace(at, 1, dir.path());
      }
    }
    command.argv = words;
    const auto unsafe = FindUnsafeFile(command, dir.path() + "/releases");
    return unsafe ? unsafe->path.substr(dir.path().size()) : "";
  }

  TempDir dir;
  Command command;
};

}  // namespace

TEST_CASE("root must not run a program that another user can replace") {
  if (geteuid() != 0) return;
  Rig rig;
  CHECK(rig.Unsafe({"R/current/bin/x"}) == "/current/bin/x");
  CHECK(rig.Unsafe({"bin/x"}) == "/releases/1/bin/x");
  CHECK(rig.Unsafe({"R/own/safe"}) == "");
  CHECK(rig.Unsafe({"true"}) == "");
  CHECK(rig.Unsafe({}) == "");
  // This one is missing, and the other user can make it.
  CHECK(rig.Unsafe({"R/shared/later"}) == "/shared/later");
}

TEST_CASE("what an interpreter gets to run counts like a program") {
  if (geteuid() != 0) return;
  Rig rig;
  CHECK(rig.Unsafe({"sh", "R/current/bin/x"}) == "/current/bin/x");
  CHECK(rig.Unsafe({"env", "A=1", "python3", "x.py"}) == "/releases/1/x.py");
  CHECK(rig.Unsafe({"sh", "-c", "cd /; R/current/bin/x&&true"}) ==
        "/current/bin/x");
  CHECK(rig.Unsafe({"sh", "-c", "exec \"./bin/x\" --all"}) ==
        "/releases/1/./bin/x");
  CHECK(rig.Unsafe({"node", "--require=R/current/x.py"}) == "/current/x.py");
  CHECK(rig.Unsafe({"make", "-C", "R/current"}) == "/current");
  CHECK(rig.Unsafe({"node", "."}) == "/releases/1/.");
  CHECK(rig.Unsafe({"sh", "R/own/safe"}) == "");
}

TEST_CASE("a release is judged in a working directory that was removed, too") {
  if (geteuid() != 0) return;
  Rig rig;
  const pid_t child = fork();
  if (child == 0) {
    const std::string gone = rig.dir.path() + "/gone";
    if (mkdir(gone.c_str(), 0755) != 0 || chdir(gone.c_str()) != 0 ||
        rmdir(gone.c_str()) != 0) {
      _exit(3);
    }
    _exit(rig.Unsafe({"make", "-C", "R/current"}) == "/current" ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("arguments that hold no program are no danger") {
  if (geteuid() != 0) return;
  Rig rig;
  CHECK(rig.Unsafe({"chown", "-R", "12345", "R/shared"}) == "");
  CHECK(rig.Unsafe({"sh", "-c", "true > /dev/null"}) == "");
  CHECK(rig.Unsafe({"R/own/safe", "R/shared/report", "https://a/b", ""}) == "");
  CHECK(rig.Unsafe({"R/own/safe", std::string(100'000, 'x')}) == "");
  // Without a directory, relative names mean nothing.
  rig.command.directory = "";
  CHECK(rig.Unsafe({"bin/x", "bin/x"}) == "");
}

TEST_CASE("the error names the command, the file, the reason and the remedy") {
  if (geteuid() != 0) return;
  Rig rig;
  const Error error = ErrorOf([&] {
    RequireSafeForRoot("the preflight hook",
                       {.argv = {"sh", rig.dir.path() + "/current/bin/x"}},
                       rig.dir.path() + "/releases", "set user");
  });
  CHECK(error.code() == ErrorCode::kConfigUnsafe);
  CHECK(error.path() == rig.dir.path() + "/current/bin/x");
  CHECK(Says(error, "cannot run the preflight hook as root, because of "));
  CHECK(
      Says(error, "/releases/1 belongs to user 12345, not to root; set user"));
}

}  // namespace release
