#include "service/pidfile.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/archives.h"
#include "support/expect_error.h"
#include "support/fake_runner.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// A pidfile that names process 4711, which is ours and started before the file
// was written.
struct Rig {
  Rig() {
    chmod(dir.path().c_str(), 0755);
    Write("4711\n");
    runner.alive = {4711};
  }
  void Write(const std::string& text) {
    Spill(path, text);
    chmod(path.c_str(), 0644);
  }
  int Read() { return Pidfile{path, "/srv/shop", &runner}.ReadPid(); }
  Error Refusal() {
    return ErrorOf([&] { Read(); });
  }
  void UseRoot(ProcessUse::What what, int pid = 4711) {
    runner.uses = {{pid, "shopd", what, "/srv/shop/releases/1"}};
  }
  ProcessFacts& facts() {
    const ProcessFacts ours{.user = geteuid(), .saved_user = geteuid()};
    return runner.facts.try_emplace(4711, ours).first->second;
  }

  TempDir dir;
  std::string path = dir.path() + "/pid";
  FakeRunner runner;
};

}  // namespace

TEST_CASE("a signal has a name, with or without SIG, or a number") {
  CHECK(SignalNumber("HUP") == 1);
  CHECK(SignalNumber("SIGUSR2") == 12);
  CHECK(SignalNumber("34") == 34);
  CHECK_FALSE(SignalNumber("0"));
  CHECK_FALSE(SignalNumber("65"));
  CHECK_FALSE(SignalNumber("NOPE"));
  CHECK_FALSE(SignalNumber(""));
}

TEST_CASE("a pidfile holds one process id and white space") {
  Rig rig;
  CHECK(rig.Read() == 4711);
  rig.Write(" 4711 \r\n");
  CHECK(rig.Read() == 4711);
  // It has ended.
  rig.Write("4712");
  CHECK(rig.Read() == 4712);
  rig.path = "/nonexistent/pid";
  CHECK(rig.Read() == 0);
}

TEST_CASE(
    "a pidfile that names a group, init, everybody or nothing is refused") {
  for (const char* text :
       {"0", "1\n", "-1", "-4711", "", "\n", "47 11", "12a", "99999999999"}) {
    CAPTURE(text);
    Rig rig;
    rig.Write(text);
    const Error error = rig.Refusal();
    CHECK(error.code() == ErrorCode::kReloadFailed);
    CHECK(error.path() == rig.path);
  }
}

TEST_CASE("a fifo or a directory in a pidfile's place stops nothing") {
  Rig rig;
  rig.path = rig.dir.path() + "/fifo";
  REQUIRE(mkfifo(rig.path.c_str(), 0600) == 0);
  CHECK(Says(rig.Refusal(), "is not a regular file"));
  rig.path = rig.dir.path();
  CHECK(rig.Refusal().code() == ErrorCode::kReloadFailed);
}

TEST_CASE("a pidfile of another user names only that user's processes") {
  if (geteuid() != 0) return;
  Rig rig;
  REQUIRE(chown(rig.path.c_str(), 12345, 12345) == 0);
  CHECK(Says(rig.Refusal(),
             "belongs to user 12345, and process 4711 to user "
             "0"));
  rig.facts().user = 12345;
  CHECK(rig.Read() == 4711);
  rig.facts() = {.user = 0, .saved_user = 12345};
  CHECK(rig.Read() == 4711);
}

TEST_CASE("a pidfile of root's that others can write is refused") {
  if (geteuid() != 0) return;
  Rig rig;
  for (const unsigned mode : {0666U, 0664U}) {
    REQUIRE(chmod(rig.path.c_str(), mode) == 0);
    CHECK(Says(rig.Refusal(), "others can write"));
  }
}

TEST_CASE("a process that started after its pidfile is a stranger") {
  Rig rig;
  const auto now = seconds(time(nullptr));
  rig.facts().started = now - hours(1);
  CHECK(rig.Read() == 4711);
  rig.facts().started = now + hours(1);
  CHECK(Says(rig.Refusal(), "it started after the file was written"));
  rig.UseRoot(ProcessUse::What::kOpenFile);
  CHECK(rig.Refusal().code() == ErrorCode::kReloadFailed);
  rig.UseRoot(ProcessUse::What::kDirectory, 4712);
  CHECK(rig.Refusal().code() == ErrorCode::kReloadFailed);
  // A stepped clock can make it look so; its working directory proves it ours.
  rig.UseRoot(ProcessUse::What::kDirectory);
  CHECK(rig.Read() == 4711);
  CHECK(rig.runner.asked_users_of == "/srv/shop");
}

TEST_CASE("a link in another user's directory leads to no stranger") {
  if (geteuid() != 0) return;
  Rig rig;
  const std::string run = rig.dir.path() + "/run";
  boost::filesystem::create_directory(run);
  REQUIRE(chmod(run.c_str(), 0755) == 0);
  boost::filesystem::create_symlink(rig.path, run + "/pid");
  rig.path = run + "/pid";
  CHECK(rig.Read() == 4711);
  REQUIRE(chown(run.c_str(), 12345, 12345) == 0);
  CHECK(Says(rig.Refusal(), "another user can put"));
  rig.UseRoot(ProcessUse::What::kExecutable);
  CHECK(rig.Read() == 4711);
}

}  // namespace release
