// Preloaded into the command: numbers its calls that change or sync something
// below one directory, stops before one of them, leaves out a sync.
//
//   RIG_ROOT      the directory; calls elsewhere are passed on
//   RIG_LOG       a line for each call: NAME PATH, the path from RIG_ROOT
//   RIG_STOP      before the call of this number, from 1, SIGSTOP
//   RIG_STOP_BEFORE before the first call whose line begins like this, SIGSTOP
//   RIG_LEAVE_OUT "NAME PATH" of a sync that reports success and does nothing
//   RIG_LEAVE_NTH the how manieth such call that is, from 1
//
// What the command starts is not preloaded. That no call is missed is checked
// against strace in tests/host/power_cut_test.cc.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kGo, kLeaveOut };

static const char* root;
static size_t root_size;
static const char* left_out;
static long left_out_nth;
static long left_out_seen;
static long stop_at;
static const char* stop_before;
static long came_before;
static long count;
static int log_fd = -1;

static long NumberFrom(const char* name) {
  const char* text = getenv(name);
  return text == NULL ? 0 : atol(text);
}

__attribute__((constructor)) static void Prepare(void) {
  const char* log = getenv("RIG_LOG");
  root = getenv("RIG_ROOT");
  if (root == NULL || log == NULL) return;
  root_size = strlen(root);
  left_out = getenv("RIG_LEAVE_OUT");
  left_out_nth = NumberFrom("RIG_LEAVE_NTH");
  stop_at = NumberFrom("RIG_STOP");
  stop_before = getenv("RIG_STOP_BEFORE");
  log_fd =
      (int)syscall(SYS_openat, AT_FDCWD, log,
                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  unsetenv("LD_PRELOAD");
}

// Where `name` in the directory `dir` is, or `dir` itself where there is none.
static int Locate(int dir, const char* name, char* path, size_t size) {
  char link[64] = "/proc/self/cwd";
  if (name != NULL && name[0] == '/') {
    return snprintf(path, size, "%s", name) < (int)size;
  }
  if (dir != AT_FDCWD) snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
  const ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  if (name == NULL || name[0] == '\0') return 1;
  const size_t rest = size - (size_t)length;
  return snprintf(path + length, rest, "/%s", name) < (int)rest;
}

// Once only: the first such call.
static int ComesBefore(const char* line) {
  if (stop_before == NULL) return 0;
  if (strncmp(line, stop_before, strlen(stop_before)) != 0) return 0;
  return __atomic_add_fetch(&came_before, 1, __ATOMIC_SEQ_CST) == 1;
}

static int Count(const char* call, int dir, const char* name) {
  const int error = errno;
  char path[2 * PATH_MAX];
  char line[2 * PATH_MAX + 64];
  if (log_fd < 0 || !Locate(dir, name, path, sizeof path)) return kGo;
  if (strncmp(path, root, root_size) != 0) return kGo;
  const char* below = path + root_size;
  if (*below != '\0' && *below != '/') return kGo;
  below = *below == '\0' ? "." : below + 1;
  const long number = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
  const int size = snprintf(line, sizeof line, "%s %s\n", call, below);
  if (syscall(SYS_write, log_fd, line, (size_t)size) != size) abort();
  if (number == stop_at || ComesBefore(line)) raise(SIGSTOP);
  errno = error;
  if (left_out == NULL || strncmp(line, left_out, (size_t)size - 1) != 0 ||
      left_out[size - 1] != '\0') {
    return kGo;
  }
  const long seen = __atomic_add_fetch(&left_out_seen, 1, __ATOMIC_SEQ_CST);
  return seen == left_out_nth ? kLeaveOut : kGo;
}

// The C library's own function of the name.
static void* Next(const char* name) {
  void* next = dlsym(RTLD_NEXT, name);
  if (next == NULL) abort();
  return next;
}
#define NEXT(name) (*(__typeof__(&(name))*)&(void*){Next(#name)})

#define SYNC(name)                             \
  int name(int fd) {                           \
    if (Count(#name, fd, NULL) == kLeaveOut) { \
      return 0;                                \
    }                                          \
    return NEXT(name)(fd);                     \
  }
SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)

ssize_t write(int fd, const void* data, size_t size) {
  Count("write", fd, NULL);
  return NEXT(write)(fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int number) {
  Count("writev", fd, NULL);
  return NEXT(writev)(fd, parts, number);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  Count("pwrite64", fd, NULL);
  return NEXT(pwrite64)(fd, data, size, offset);
}

int ftruncate64(int fd, off64_t size) {
  Count("ftruncate", fd, NULL);
  return NEXT(ftruncate64)(fd, size);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (request == FICLONE) Count("ioctl", fd, NULL);
  return NEXT(ioctl)(fd, request, argument);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  Count("fallocate", fd, NULL);
  return NEXT(fallocate64)(fd, mode, offset, size);
}

int openat64(int dir, const char* name, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (flags & (O_CREAT | O_TRUNC)) Count("openat", dir, name);
  return NEXT(openat64)(dir, name, flags, mode);
}

int mkdirat(int dir, const char* name, mode_t mode) {
  Count("mkdirat", dir, name);
  return NEXT(mkdirat)(dir, name, mode);
}

int symlinkat(const char* target, int dir, const char* name) {
  Count("symlinkat", dir, name);
  return NEXT(symlinkat)(target, dir, name);
}

int linkat(int dir, const char* name, int new_dir, const char* to, int flags) {
  Count("linkat", new_dir, to);
  return NEXT(linkat)(dir, name, new_dir, to, flags);
}

int renameat2(int dir, const char* name, int new_dir, const char* to,
              unsigned flags) {
  Count("renameat2", new_dir, to);
  return NEXT(renameat2)(dir, name, new_dir, to, flags);
}

int unlinkat(int dir, const char* name, int flags) {
  Count("unlinkat", dir, name);
  return NEXT(unlinkat)(dir, name, flags);
}

int fchmodat(int dir, const char* name, mode_t mode, int flags) {
  Count("fchmodat", dir, name);
  return NEXT(fchmodat)(dir, name, mode, flags);
}

int fchownat(int dir, const char* name, uid_t owner, gid_t group, int flags) {
  Count("fchownat", dir, name);
  return NEXT(fchownat)(dir, name, owner, group, flags);
}
