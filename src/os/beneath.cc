#include "os/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace release {
namespace {

constexpr int kWayPoint = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool IsSymlink(int directory, const std::string& name) {
  struct stat st;
  return fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(st.st_mode);
}

// With these flags openat reports a symbolic link as ENOTDIR; translate that to
// ELOOP, as openat2 reports it.
int OpenWayPoint(int directory, const std::string& name) {
  const int fd =
      Uninterrupted([&] { return openat(directory, name.c_str(), kWayPoint); });
  if (fd < 0 && errno == ENOTDIR) {
    errno = IsSymlink(directory, name) ? ELOOP : ENOTDIR;
  }
  return fd;
}

}  // namespace

int OpenBeneath(int directory, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(Uninterrupted([&] {
    return syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
  }));
}

// Opens the components one by one, each relative to the one before. Closes
// every intermediate descriptor, but never the caller's `directory`.
int WalkBeneath(int directory, std::string_view path) {
  int at = directory;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const int next =
        OpenWayPoint(at, std::string(path.substr(start, end - start)));
    const int error = errno;
    if (at != directory) close(at);
    if (next < 0) {
      errno = error;
      return -1;
    }
    at = next;
    start = end + 1;
  }
  return at;
}

int OpenUnnoticed(int directory, const char* name, int flags) {
  const int fd =
      Uninterrupted([&] { return openat(directory, name, flags | O_NOATIME); });
  // O_NOATIME is allowed only for the file's owner and root.
  if (fd >= 0 || errno != EPERM) return fd;
  return Uninterrupted([&] { return openat(directory, name, flags); });
}

// Old seccomp sandboxes return EPERM for system calls that they do not know.
bool HasOpenat2(int directory) {
  const int fd = OpenBeneath(directory, ".");
  if (fd >= 0) close(fd);
  return fd >= 0 || (errno != ENOSYS && errno != EPERM);
}

}  // namespace release
