#include "host/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace release {
namespace {

// Output goes to a file in memory: a pipe that nobody reads would block a
// program that prints much.
int MemoryFile() {
  const int fd = memfd_create("output", MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot make a memory file");
  return fd;
}

std::string Content(int fd) {
  std::string text;
  std::array<char, 16384> buffer;
  for (ssize_t n; (n = pread(fd, buffer.data(), buffer.size(),
                             static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

// Starts a program in its own process group, with these descriptors as 0, 1 and
// 2. Returns its pid.
int Spawn(const std::vector<std::string>& argv, int in, int out, int err) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  int pid = -1;
  const int error = posix_spawnp(&pid, words[0], &actions, &attributes,
                                 words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    throw std::runtime_error("cannot start " + argv[0] + ": " +
                             strerror(error));
  }
  return pid;
}

}  // namespace

std::string Finished::Describe() const {
  return "exit " + std::to_string(exit) + ", signal " + std::to_string(signal) +
         (timed_out ? ", timed out" : "") + "\nstdout: " + out +
         "\nstderr: " + err;
}

Running::Running(const std::vector<std::string>& argv, Input input)
    : out_(MemoryFile()), err_(MemoryFile()) {
  // Without this, a program that ends before it has read its input would end
  // the test by SIGPIPE.
  signal(SIGPIPE, SIG_IGN);
  int ends[2] = {-1, -1};
  if (input == Input::kPipe) {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    feed_ = ends[1];
  } else {
    ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  pid_ = Spawn(argv, ends[0], out_, err_);
  close(ends[0]);
}

Running::~Running() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  EndInput();
  close(out_);
  close(err_);
}

void Running::Signal(int signal) const { kill(pid_, signal); }

void Running::WriteInput(const std::string& bytes) const {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = write(feed_, bytes.data() + at, bytes.size() - at);
    if (n < 0) return;  // It has stopped reading.
    at += static_cast<std::size_t>(n);
  }
}

void Running::EndInput() {
  if (feed_ >= 0) close(feed_);
  feed_ = -1;
}

std::string Running::ErrSoFar() const { return Content(err_); }

Finished Running::Wait(std::chrono::seconds limit) {
  Finished finished;
  // A pidfd becomes readable when the process ends, so that poll can wait with
  // a limit.
  const int watch = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd event = {watch, POLLIN, 0};
  const auto milliseconds = static_cast<int>(limit.count() * 1000);
  finished.timed_out = poll(&event, 1, milliseconds) == 0;
  close(watch);
  if (finished.timed_out) kill(-pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFEXITED(status)) finished.exit = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  finished.out = Content(out_);
  finished.err = Content(err_);
  return finished;
}

Finished Run(const std::vector<std::string>& argv, std::chrono::seconds limit) {
  return Running(argv).Wait(limit);
}

Finished RunShell(const std::string& line, std::chrono::seconds limit) {
  return Run({"sh", "-c", "release=" RELEASE_BINARY "; " + line}, limit);
}

bool Eventually(const std::function<bool()>& condition,
                std::chrono::nanoseconds limit) {
  using Clock = std::chrono::steady_clock;
  constexpr Clock::duration kShortest = std::chrono::milliseconds(5);
  constexpr Clock::duration kLongest = std::chrono::milliseconds(500);
  const auto end = Clock::now() + limit;
  for (;;) {
    const auto asked = Clock::now();
    if (condition()) return true;
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(
        std::clamp(3 * (Clock::now() - asked), kShortest, kLongest));
  }
}

}  // namespace release
