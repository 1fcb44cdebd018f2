#include "support/command_run.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>
#include <thread>

#include "cli/command_line.h"
#include "support/archives.h"
#include "support/json_schema.h"
#include "support/metrics_format.h"
#include "support/tar_builder.h"

namespace release {
namespace {

// Makes descriptor `fd` refer to another open file, and restores it at the end
// of the scope.
class Redirected {
 public:
  Redirected(int fd, int to) : fd_(fd), kept_(dup(fd)) { dup2(to, fd); }
  ~Redirected() {
    dup2(kept_, fd_);
    close(kept_);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  int fd_;
  int kept_;
};

// A file in memory, not a pipe: a command that prints more than a pipe holds
// would block forever, because nobody reads until it has returned.
int MakeMemory() {
  const int fd = memfd_create("printed", MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot make a file in memory");
  return fd;
}

std::string TakeMemory(int fd) {
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  const ssize_t n = pread(fd, text.data(), text.size(), 0);
  close(fd);
  if (n != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("cannot read what was printed");
  }
  return text;
}

struct Terminal {
  int outer = -1;  // the test reads here, as a person would
  int inner = -1;  // the command writes here
};

Terminal MakeTerminal() {
  Terminal terminal;
  terminal.outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal.outer < 0 || grantpt(terminal.outer) != 0 ||
      unlockpt(terminal.outer) != 0) {
    throw std::runtime_error("cannot make a terminal");
  }
  terminal.inner = open(ptsname(terminal.outer), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal.inner < 0) throw std::runtime_error("cannot open a terminal");
  return terminal;
}

std::string TakeTerminal(const Terminal& terminal) {
  close(terminal.inner);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(terminal.outer, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  close(terminal.outer);
  return text;
}

int Call(std::vector<std::string> words) {
  words.insert(words.begin(), "release");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return RunCommandLine(static_cast<int>(words.size()), argv.data());
}

// Every line that --json prints must satisfy its schema.
void CheckJson(const std::string& out) {
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    const std::string violation = OutputViolation(nlohmann::json::parse(line));
    CHECK_MESSAGE(violation.empty(), violation, " in ", line);
  }
}

}  // namespace

Printed PrintedBy(const std::function<int()>& body, bool terminal) {
  Printed printed;
  const int out = MakeMemory();
  const Terminal err =
      terminal ? MakeTerminal() : Terminal{.outer = -1, .inner = MakeMemory()};
  // Earlier output of the test must not end up in the capture.
  std::cout.flush();
  {
    const Redirected stdout_to(STDOUT_FILENO, out);
    const Redirected stderr_to(STDERR_FILENO, err.inner);
    printed.exit = body();
    std::cout.flush();
  }
  printed.out = TakeMemory(out);
  printed.err = terminal ? TakeTerminal(err) : TakeMemory(err.inner);
  return printed;
}

Printed RunRelease(std::vector<std::string> words) {
  unsetenv("RELEASE_APP");
  unsetenv("NO_COLOR");
  const std::set<std::string> given(words.begin(), words.end());
  Printed printed = PrintedBy([&] { return Call(std::move(words)); });
  if (given.contains("--json")) {
    CheckJson(printed.out);
  } else if (given.contains("--metrics") && !printed.out.empty()) {
    CHECK(MetricsViolation(printed.out) == "");
  }
  return printed;
}

CommandRig::CommandRig() {
  REQUIRE(RunRelease({"--root", root(), "init"}).exit == 0);
}

Printed CommandRig::Run(const std::vector<std::string>& words) const {
  std::vector<std::string> all =
      configured_ ? std::vector<std::string>{"--config", path() + "/shop.toml"}
                  : std::vector<std::string>{"--root", root()};
  all.insert(all.end(), words.begin(), words.end());
  return RunRelease(std::move(all));
}

void CommandRig::Configure(const std::string& lines) {
  Spill(path() + "/shop.toml", "root = \"" + root() + "\"\n" + lines);
  configured_ = true;
}

std::string CommandRig::Archive(const std::string& version) const {
  const std::string file = path() + "/shop-" + version + ".tar";
  Spill(file, TarBuilder()
                  .Directory("bin")
                  .File("bin/app", "version " + version + "\n", 0755)
                  .Bytes());
  return file;
}

void CommandRig::Deploy(const std::string& version) const {
  const Printed deployed =
      Run({"deploy", Archive(version), "--version", version});
  INFO(deployed.err);
  REQUIRE(deployed.exit == 0);
}

BackgroundRun::BackgroundRun(const CommandRig& rig,
                             const std::vector<std::string>& words)
    : pid_(fork()) {
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  // _exit, because exit would flush the buffers of the test's own output twice.
  if (pid_ == 0) _exit(rig.Run(words).exit);
}

BackgroundRun::~BackgroundRun() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

int BackgroundRun::Wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool Becomes(const std::function<bool()>& probe) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!probe()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace release
