#include "os/posix_runner.h"

#include <doctest/doctest.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "os/cancellation.h"
#include "os/posix_clock.h"

namespace release {
namespace {

using namespace std::chrono_literals;
using End = CommandResult::End;

Command Shell(const std::string& script) {
  Command command;
  command.argv = {"sh", "-c", script};
  return command;
}

CommandResult Run(const Command& command) { return PosixRunner().Run(command); }

// Waits up to 1 s for the process to end; a zombie counts as ended.
bool Gone(int pid) {
  const std::string stat = "/proc/" + std::to_string(pid) + "/exe";
  char target[1];
  for (int i = 0; i < 100; ++i) {
    if (readlink(stat.c_str(), target, 1) < 0) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

class Stopwatch {
 public:
  Nanoseconds Elapsed() { return clock_.SinceBoot() - start_; }

 private:
  PosixClock clock_;
  Nanoseconds start_ = clock_.SinceBoot();
};

}  // namespace

TEST_CASE("a command reads its input and its files, and nothing is left") {
  Command command = Shell(
      "cat; cat /proc/self/fd/4 /proc/self/fd/3 /proc/self/fd/3; "
      "ls /proc/self/fd");
  command.input = std::string(200'000, 'i') + "\n";
  command.files = {"first\n", "second\n"};
  command.max_output = 1 << 20;
  // 5 is the descriptor through which ls reads the directory.
  CHECK(Run(command).output ==
        command.input + "second\nfirst\nfirst\n0\n1\n2\n3\n4\n5\n");
  command.argv = {"ls", "/proc/self/fd"};
  command.files = {};
  CHECK(Run(command).output == "0\n1\n2\n3\n");
}

TEST_CASE("a command without input finds its end at once") {
  CHECK(Run(Shell("cat; readlink /proc/self/fd/0")).output == "/dev/null\n");
}

TEST_CASE("a command's exit status and output are returned") {
  const CommandResult result =
      Run(Shell("echo out; echo err >&2; pwd; exit 3"));
  CHECK(result.end == End::kExited);
  CHECK(result.status == 3);
  CHECK(result.output == "out\nerr\n/\n");
  CHECK(Run(Shell("true")).ok());
}

TEST_CASE("arguments reach the command as they are, without a shell") {
  Command command;
  command.argv = {"printf", "%s|", "a b", "$HOME", "*", ""};
  CHECK(Run(command).output == "a b|$HOME|*||");
}

TEST_CASE("a command gets our environment, its own added, and its directory") {
  setenv("RELEASE_TEST_KEPT", "kept", 1);
  setenv("RELEASE_TEST_CHANGED", "old", 1);
  Command command = Shell("echo $RELEASE_TEST_KEPT $RELEASE_TEST_CHANGED; pwd");
  command.env = {{"RELEASE_TEST_CHANGED", "new"}};
  command.directory = "/usr";
  CHECK(Run(command).output == "kept new\n/usr\n");
  unsetenv("RELEASE_TEST_KEPT");
  unsetenv("RELEASE_TEST_CHANGED");
}

TEST_CASE("a command that cannot start is reported with its errno") {
  Command command;
  CHECK(Run(command).end == End::kNotStarted);
  command.argv = {"/no/such/command"};
  CHECK(Run(command).end == End::kNotStarted);
  CHECK(Run(command).status == ENOENT);
  command.argv = {"/etc/passwd"};
  CHECK(Run(command).status == EACCES);
  command = Shell("true");
  command.directory = "/no/such/directory";
  CHECK(Run(command).status == ENOENT);
}

TEST_CASE("a command inherits no descriptor, mask or ignored signal") {
  const int leak = open("/dev/null", O_RDONLY);  // no O_CLOEXEC, on purpose
  REQUIRE(leak > 2);
  signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, before;
  sigfillset(&blocked);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  const std::string look =
      "ls -l /proc/self/fd | grep -c -e /dev/null -e pipe; "
      "readlink /proc/self/fd/0; "
      "sed -n 's/SigBlk:.//p; s/SigIgn:.//p' /proc/self/status";
  std::istringstream output(Run(Shell(look)).output);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  signal(SIGPIPE, SIG_DFL);
  int descriptors = 0;
  std::string input;
  std::uint64_t mask = 1;
  std::uint64_t ignored = 1;
  output >> descriptors >> input >> std::hex >> mask >> ignored;
  // ls sees 0 (/dev/null), 1 (grep's pipe), 2 (ours).
  CHECK(descriptors == 3);
  CHECK(input == "/dev/null");
  CHECK(mask == 0);
  // 32 and 33 are reserved by the C library and cannot be changed.
  CHECK((ignored & ~std::uint64_t{0x180000000}) == 0);
  close(leak);
}

TEST_CASE("a command leads a session of its own, without our terminal") {
  const CommandResult result =
      Run(Shell("[ $(cut -d' ' -f6 /proc/$$/stat) = $$ ]; echo $?; "
                "cut -d' ' -f7 /proc/$$/stat"));
  CHECK(result.output == "0\n0\n");
}

TEST_CASE("only the end of much output is kept") {
  Command command = Shell("seq 1 100000; echo end");
  command.max_output = 10;
  CHECK(Run(command).output == "00000\nend\n");
  command.max_output = 1 << 20;
  CHECK(Run(command).output.size() == 588'895 + 4);
}

TEST_CASE("a command killed by a signal is reported with the signal") {
  const CommandResult result = Run(Shell("kill -9 $$"));
  CHECK(result.end == End::kSignalled);
  CHECK(result.status == SIGKILL);
}

TEST_CASE("a command over its time gets SIGTERM, and its output is kept") {
  Command command =
      Shell("trap 'echo bye; exit 0' TERM; echo hi; sleep 60 & wait");
  command.timeout = 200ms;
  Stopwatch watch;
  const CommandResult result = Run(command);
  CHECK(result.end == End::kTimedOut);
  CHECK(result.output == "hi\nbye\n");
  CHECK(watch.Elapsed() < 2s);
}

TEST_CASE("SIGTERM reaches the children of a command too") {
  // The command ends only when its child has.
  Command command = Shell(
      "(trap 'echo child; exit 0' TERM; sleep 60 & wait) &"
      "trap 'wait; exit 0' TERM; echo hi; wait");
  command.timeout = 500ms;
  CHECK(Run(command).output == "hi\nchild\n");
}

TEST_CASE("a command that ignores SIGTERM is killed with its children") {
  Command command =
      Shell("trap '' TERM; sleep 60 & echo $!; while :; do sleep 1; done");
  command.timeout = 100ms;
  Stopwatch watch;
  const CommandResult result = Run(command);
  CHECK(result.end == End::kTimedOut);
  CHECK(watch.Elapsed() >= 2s);
  CHECK(watch.Elapsed() < 10s);
  CHECK(Gone(std::stoi(result.output)));
}

TEST_CASE("a suspended command is killed at its time limit") {
  Command command = Shell("kill -STOP $$");
  command.timeout = 100ms;
  CHECK(Run(command).end == End::kTimedOut);
}

TEST_CASE("a daemon that a command leaves behind lives on") {
  Stopwatch watch;
  const CommandResult result = Run(Shell("sleep 60 & echo $!; exit 4"));
  CHECK(result.end == End::kExited);
  CHECK(result.status == 4);
  CHECK(watch.Elapsed() < 5s);
  const int daemon = std::stoi(result.output);
  CHECK(kill(daemon, 0) == 0);
  kill(daemon, SIGKILL);
}

TEST_CASE("a process that left the group survives and does not delay") {
  Stopwatch watch;
  const CommandResult result =
      Run(Shell("setsid sleep 60 & echo $!; sleep 0.2; exit 0"));
  CHECK(result.ok());
  CHECK(watch.Elapsed() < 5s);
  const int daemon = std::stoi(result.output);
  CHECK(kill(daemon, 0) == 0);
  kill(daemon, SIGKILL);
}

TEST_CASE("a writer that never pauses is still stopped in time") {
  Command command;
  command.argv = {"yes"};
  command.timeout = 200ms;
  command.max_output = 100;
  const CommandResult result = Run(command);
  CHECK(result.end == End::kTimedOut);
  CHECK(result.output.size() == 100);
}

TEST_CASE("an interrupt ends a command as a signal would") {
  std::thread other([] {
    std::this_thread::sleep_for(100ms);
    SetInterruptSignal(SIGINT);
  });
  Stopwatch watch;
  const CommandResult result = Run(Shell("echo hi; sleep 60"));
  other.join();
  CHECK(result.end == End::kSignalled);
  CHECK(result.status == SIGINT);
  CHECK(result.output == "hi\n");
  CHECK(watch.Elapsed() < 5s);

  CHECK(Run(Shell("echo started")).output.empty());
  {
    const CancellationShield hold;
    CHECK(Run(Shell("echo started")).output == "started\n");
  }
  SetInterruptSignal(0);
}

TEST_CASE("an exit status is read even if SIGCHLD was inherited ignored") {
  signal(SIGCHLD, SIG_IGN);
  const CommandResult result = Run(Shell("exit 7"));
  CHECK(result.end == End::kExited);
  CHECK(result.status == 7);
}

TEST_CASE("an exit status that cannot be read does not count as success") {
  PosixRunner runner;
  signal(SIGCHLD, SIG_IGN);  // the kernel reaps and forgets
  const CommandResult result = runner.Run({.argv = {"true"}});
  signal(SIGCHLD, SIG_DFL);
  CHECK(result.end == CommandResult::End::kLost);
  CHECK_FALSE(result.ok());
  CHECK(result.Describe() == "its exit status is lost: No child processes");
}

TEST_CASE("a signal goes to a process, never to a group") {
  PosixRunner runner;
  const pid_t child = fork();
  if (child == 0) {
    while (true) pause();
  }
  CHECK(runner.Signal(child, 0));
  CHECK(runner.Signal(child, SIGKILL));
  waitpid(child, nullptr, 0);
  CHECK_FALSE(runner.Signal(child, 0));
  CHECK_FALSE(runner.Signal(0, 0));
  CHECK_FALSE(runner.Signal(-1, 0));
}

TEST_CASE("a process of another user exists, and cannot be signalled") {
  const pid_t another = geteuid() == 0 ? getpid() : 1;
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(3);
    PosixRunner runner;
    // SIGURG is ignored by default; SIGCONT may be sent within a session.
    const bool exists = runner.Signal(another, 0);
    _exit(exists ? (runner.Signal(another, SIGURG) ? 2 : 0) : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("no descriptor and no zombie is left behind") {
  const auto next_fd = [] {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
  };
  const int before = next_fd();
  for (int i = 0; i < 20; ++i) Run(Shell("true"));
  Command missing;
  missing.argv = {"/no/such/command"};
  Run(missing);
  CHECK(next_fd() == before);
  CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

}  // namespace release
