#include "os/posix_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/units.h"
#include "os/cancellation.h"
#include "os/creation_mask.h"
#include "os/descriptor.h"
#include "os/host_facts.h"
#include "os/input.h"
#include "os/oom_kills.h"
#include "os/posix_clock.h"
#include "os/process_scan.h"
#include "os/unix_socket.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using End = CommandResult::End;

constexpr Nanoseconds kGrace = seconds(2);         // from SIGTERM to SIGKILL
constexpr Nanoseconds kPatience = seconds(5);      // from SIGKILL to giving up
constexpr Nanoseconds kDrain = milliseconds(100);  // for output after the end
constexpr Nanoseconds kForever = Nanoseconds::max();

constexpr int kFirstFile = 3;

// Creates a file in memory with that content, positioned at its start. The
// descriptor's number is at least `least`. Returns -1 and sets errno on
// failure.
int MemoryFile(const std::string& content, int least) {
  const Descriptor made(memfd_create("release", MFD_CLOEXEC));
  if (made.get() < 0) return -1;
  for (std::size_t at = 0; at < content.size();) {
    const ssize_t count = pwrite(made.get(), content.data() + at,
                                 content.size() - at, static_cast<off_t>(at));
    if (count < 0 && errno != EINTR) return -1;
    if (count > 0) at += static_cast<std::size_t>(count);
  }
  return fcntl(made.get(), F_DUPFD_CLOEXEC, least);
}

// Owns the file actions and attributes for posix_spawn. The child performs the
// actions in the order in which they are added.
class SpawnPlan {
 public:
  SpawnPlan(int output, const Command& command) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // Output first: its number may be 0, 1 or 2, which later actions overwrite.
    Add(posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO));
    Add(posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO,
                                         STDERR_FILENO));
    AddInput(command.input);
    AddFiles(command.files);
    Add(posix_spawn_file_actions_addclosefrom_np(
        &actions_, kFirstFile + static_cast<int>(command.files.size())));
    Add(posix_spawn_file_actions_addchdir_np(
        &actions_,
        command.directory.empty() ? "/" : command.directory.c_str()));
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    Add(posix_spawnattr_setsigmask(&attributes_, &none));
    Add(posix_spawnattr_setsigdefault(&attributes_, &all));
    Add(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF |
                                                   POSIX_SPAWN_SETSID));
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
    for (const int copy : copies_) close(copy);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // Returns 0, or errno if there is no child.
  int Spawn(std::vector<char*> argv, std::vector<char*> env, pid_t* child) {
    if (error_ != 0) return error_;
    const CallersCreationMask mask;
    return posix_spawnp(child, argv[0], &actions_, &attributes_, argv.data(),
                        env.data());
  }

 private:
  // Keeps the first failure: a child without one of the actions must not run.
  void Add(int error) {
    if (error_ == 0) error_ = error;
  }

  void AddInput(const std::string& input) {
    if (input.empty()) {
      Add(posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null",
                                           O_RDONLY, 0));
    } else {
      AddCopy(input, kFirstFile, STDIN_FILENO);
    }
  }

  // Places the copies above the numbers that the child will see them under, so
  // that duplicating one never overwrites another.
  void AddFiles(const std::vector<std::string>& files) {
    const int beyond = kFirstFile + static_cast<int>(files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
      AddCopy(files[i], beyond, kFirstFile + static_cast<int>(i));
    }
  }

  void AddCopy(const std::string& content, int least, int number) {
    const int copy = MemoryFile(content, least);
    if (copy < 0) {
      Add(errno);
      return;
    }
    copies_.push_back(copy);
    Add(posix_spawn_file_actions_adddup2(&actions_, copy, number));
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  std::vector<int> copies_;
  int error_ = 0;  // errno of the first part that could not be made
};

// Returns our environment with the command's variables added or replaced.
std::vector<std::string> Environment(const Command& command) {
  std::vector<std::string> env;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!command.env.contains(text.substr(0, text.find('=')))) {
      env.push_back(text);
    }
  }
  for (const auto& [name, value] : command.env) {
    env.push_back(name + "=" + value);
  }
  return env;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Keeps the last `limit` bytes of what is appended.
class Tail {
 public:
  explicit Tail(std::size_t limit) : limit_(limit) {}

  void Append(std::string_view data) {
    text_ += data;
    // Cut only when the text has doubled: each byte is then copied only a few
    // times in all.
    if (text_.size() > 2 * limit_ + 4096) Cut();
  }
  std::string Take() {
    Cut();
    return std::move(text_);
  }

 private:
  void Cut() {
    if (text_.size() > limit_) text_.erase(0, text_.size() - limit_);
  }
  std::size_t limit_;
  std::string text_;
};

// A command from its start until it is reaped.
//
// Await loops until the command has ended. It waits for output, for the
// command's end (pidfd), for an interrupt and for the deadline. The deadline
// drives an escalation: first SIGTERM, then SIGKILL, then giving up. After the
// end, Await drains the output, kills the group if required, and reaps the
// command last.
class Child {
 public:
  Child(pid_t pid, int output, const Command& command)
      : pid_(pid),
        pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))),
        output_(output),
        tail_(command.max_output) {
    if (command.timeout > Nanoseconds::zero()) {
      deadline_ = After(command.timeout);
    }
  }

  CommandResult Await() {
    while (!Ended() && !given_up_) {
      Wait(std::min(deadline_,
                    pidfd_.get() < 0 ? After(milliseconds(10)) : kForever));
      const int interrupt = InterruptSignal();
      if (!cut_short_ && interrupt != 0) {
        CutShort({End::kSignalled, interrupt, ""});
      } else if (clock_.SinceBoot() >= deadline_) {
        Escalate();
      }
    }
    for (deadline_ = After(kDrain);
         output_open_ && clock_.SinceBoot() < deadline_;) {
      Wait(deadline_);
    }
    // Do not kill the group of a command that ended by itself: a start script
    // may have left a daemon in it. After ECHILD the number may belong to
    // another process already.
    if (cut_short_ || (lost_ != 0 && lost_ != ECHILD)) kill(-pid_, SIGKILL);
    return Reap();
  }

 private:
  Nanoseconds After(Nanoseconds duration) {
    return AddSaturated(clock_.SinceBoot(), duration);
  }

  // Returns whether the command itself has ended. Does not reap it (WNOWAIT),
  // so that its number cannot be reused while the group may still be signalled.
  bool Ended() {
    siginfo_t info = {};
    const int result = waitid(P_PID, static_cast<id_t>(pid_), &info,
                              WEXITED | WNOHANG | WNOWAIT);
    if (result != 0) lost_ = errno;
    ended_ = result != 0 || info.si_pid != 0;
    return ended_;
  }

  // Waits for output, the command's end, an interrupt or the given time.
  void Wait(Nanoseconds until) {
    // The pidfd and the interrupt stay readable. Once they have been handled,
    // poll must ignore them (-1), or it would return at once and the loop would
    // spin.
    const int interrupt = cut_short_ || ended_ ? -1 : InterruptDescriptor();
    pollfd waited[] = {{output_open_ ? output_ : -1, POLLIN, 0},
                       {ended_ ? -1 : pidfd_.get(), POLLIN, 0},
                       {interrupt, POLLIN, 0}};
    const Nanoseconds left =
        std::max(until - clock_.SinceBoot(), Nanoseconds::zero());
    const timespec timeout = {left.count() / 1'000'000'000,
                              left.count() % 1'000'000'000};
    const int ready =
        ppoll(waited, 3, until == kForever ? nullptr : &timeout, nullptr);
    if (ready > 0 && waited[0].revents != 0) TakeOutput();
  }

  void TakeOutput() {
    char buffer[16 * 1024];
    const ssize_t count = read(output_, buffer, sizeof buffer);
    if (count > 0) {
      tail_.Append({buffer, static_cast<std::size_t>(count)});
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      output_open_ = false;
    }
  }

  void CutShort(CommandResult result) {
    cut_short_ = std::move(result);
    kill(-pid_, SIGTERM);
    deadline_ = After(kGrace);
  }

  // Called when the deadline has passed; takes the next step and sets the next
  // deadline.
  void Escalate() {
    if (!cut_short_) {
      CutShort({End::kTimedOut, 0, ""});
    } else if (!killed_) {
      kill(-pid_, SIGKILL);
      killed_ = true;
      deadline_ = After(kPatience);
    } else {
      given_up_ = true;
    }
  }

  CommandResult Reap() {
    int status = 0;
    // A status that could not be read must never count as exit 0.
    if (waitpid(pid_, &status, WNOHANG) < 0 && lost_ == 0) lost_ = errno;
    CommandResult result;
    if (cut_short_) {
      result = *cut_short_;
    } else if (lost_ != 0) {
      result = {End::kLost, lost_, ""};
    } else if (WIFSIGNALED(status)) {
      result = {End::kSignalled, WTERMSIG(status), ""};
    } else {
      result = {End::kExited, WEXITSTATUS(status), ""};
    }
    result.output = tail_.Take();
    return result;
  }

  PosixClock clock_;
  pid_t pid_;
  Descriptor pidfd_;  // -1 if the kernel has none; then Await polls every 10 ms
  int output_;
  Tail tail_;
  bool output_open_ = true;
  bool ended_ = false;
  bool killed_ = false;
  bool given_up_ = false;
  int lost_ = 0;  // the errno of a wait that failed
  Nanoseconds deadline_ = kForever;
  std::optional<CommandResult> cut_short_;  // why we ended it
};

}  // namespace

PosixRunner::PosixRunner() { signal(SIGCHLD, SIG_DFL); }

CommandResult PosixRunner::Run(const Command& command) {
  if (const int signal = InterruptSignal(); signal != 0) {
    return {End::kSignalled, signal, ""};
  }
  if (command.argv.empty()) return {End::kNotStarted, EINVAL, ""};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {End::kNotStarted, errno, ""};
  const Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  std::vector<std::string> argv = command.argv;
  std::vector<std::string> env = Environment(command);
  pid_t pid = 0;
  const int error = SpawnPlan(write_end.get(), command)
                        .Spawn(Pointers(&argv), Pointers(&env), &pid);
  if (error != 0) return {End::kNotStarted, error, ""};
  // Close our copy; otherwise the read end would never report the end.
  write_end.Close();
  return Child(pid, read_end.get(), command).Await();
}

bool PosixRunner::Finds(const std::string& program) {
  return !FindProgram(program).empty();
}

std::vector<ProcessUse> PosixRunner::UsersOf(const HostPath& directory) {
  return ProcessesUsing(directory);
}

std::optional<ProcessFacts> PosixRunner::FactsOf(int pid) {
  return ReadProcessFacts(pid);
}

SocketPeer PosixRunner::PeerOf(const std::string& socket) {
  return FindSocketPeer(socket);
}

std::optional<std::uint64_t> PosixRunner::CountOomKills(
    const std::string& control_group) {
  return ReadOomKills(control_group);
}

std::optional<unsigned> PosixRunner::CountConnections(
    int pid, const std::string& socket) {
  if (!Signal(pid, 0)) return std::nullopt;
  // A line has about 100 bytes, and a busy host has thousands of sockets.
  constexpr std::size_t kLimit = std::size_t{64} << 20;
  std::string tables;
  try {
    for (const int neighbour : ProcessOfEachNetwork()) {
      const auto table =
          ReadSmallFile(fmt::format("/proc/{}/net/unix", neighbour), kLimit);
      if (table) tables += *table;
    }
  } catch (const Error&) {
    return std::nullopt;
  }
  return CountSocketConnections(tables, socket);
}

bool PosixRunner::Signal(int pid, int signal) {
  // Numbers of 0 and below mean process groups, including our own.
  if (pid <= 0) return false;
  if (kill(pid, signal) == 0) return true;
  // A process of another user exists, too.
  return signal == 0 && errno == EPERM;
}

}  // namespace release
