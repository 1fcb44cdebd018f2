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

constexpr rlim_t kMostDescriptors = 65'536;

// What we open is close-on-exec, so what is not was there before us.
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
  // The caller's directory may be on a disk that is to be unmounted.
  [[maybe_unused]] const int moved = chdir("/");
}

// systemd ends whatever a unit leaves behind, and nobody waits for a unit as
// one waits at a terminal.
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
  // Nobody's child: nobody has to wait for it to end.
  const pid_t grandchild = fork();
  if (grandchild != 0) _exit(grandchild > 0 ? 0 : 1);
  BecomeNobodys();
  try {
    work();
  } catch (const std::exception&) {
    // There is nobody to tell.
  }
  _exit(0);
}

}  // namespace release
