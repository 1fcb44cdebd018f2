#include "os/background.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>

#include "os/startup.h"

namespace release {
namespace {

// Bounds the loop below if the limit is huge or infinite.
constexpr rlim_t kMostDescriptors = 65'536;

// Closes the descriptors inherited from the caller: a shell may hold a lock
// with one, which would last as long as the background process. All that this
// program opens is close-on-exec, so a descriptor without that flag is
// inherited.
void CloseInherited() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto end = static_cast<int>(std::min(limit.rlim_cur, kMostDescriptors));
  for (int fd = STDERR_FILENO + 1; fd < end; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) close(fd);
  }
}

void LetGoOfStreams() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (null >= 0) {
      dup2(null, fd);
    } else {
      close(fd);
    }
  }
}

void BecomeNobodys() {
  setsid();
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  LetGoOfStreams();
  CloseInherited();
  // A process in the caller's directory would block unmounting its disk.
  [[maybe_unused]] const int moved = chdir("/");
}

// Returns whether this command runs in a systemd unit. systemd kills processes
// that a unit leaves behind. Working in the foreground is acceptable there: no
// person waits for a unit as for a command at a terminal.
bool InUnit() { return !Environment("INVOCATION_ID").empty(); }

bool Succeeded(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool RunInBackground(const std::function<void()>& work) {
  if (InUnit()) return false;
  const pid_t child = fork();
  if (child < 0) return false;
  if (child > 0) return Succeeded(child);
  // Fork twice, so that init adopts the process and reaps it when it ends.
  const pid_t grandchild = fork();
  if (grandchild != 0) _exit(grandchild > 0 ? 0 : 1);
  BecomeNobodys();
  try {
    work();
  } catch (const std::exception&) {
    // The failure cannot be reported: the streams are /dev/null.
  }
  _exit(0);
}

}  // namespace release
