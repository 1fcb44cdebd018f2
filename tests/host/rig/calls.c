// A library to preload into the command. It numbers the calls that change or
// sync something below one directory; it can stop the process before one of
// them, and make one sync do nothing.
//
//   RIG_ROOT      the directory; other calls are not numbered
//   RIG_LOG       file: one line per call, NAME PATH, relative to RIG_ROOT
//   RIG_STOP      number of a call, from 1: raises SIGSTOP before it
//   RIG_STOP_BEFORE  a prefix: SIGSTOP before the first call whose line has it
//   RIG_LEAVE_OUT "NAME PATH" of a sync that returns success and does nothing
//   RIG_LEAVE_NTH which of the calls with that line is left out, from 1
//
// Programs that the command starts are not preloaded.
// tests/host/power_cut_test.cc compares the log with strace, to prove that no
// call is missed.
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
  // Programs that the command starts must not append to the log.
  unsetenv("LD_PRELOAD");
}

// Resolves `name` in the directory `dir` to an absolute path; `dir` itself if
// `name` is NULL or empty. Returns 0 if the path is unknown or does not fit.
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

// Whether this is the first call that RIG_STOP_BEFORE matches. The counter is
// atomic because the command has threads.
static int ComesBefore(const char* line) {
  if (stop_before == NULL) return 0;
  if (strncmp(line, stop_before, strlen(stop_before)) != 0) return 0;
  return __atomic_add_fetch(&came_before, 1, __ATOMIC_SEQ_CST) == 1;
}

// Logs a call that is below RIG_ROOT and stops before it if asked to. Returns
// kLeaveOut if the caller must skip it. Keeps errno. It uses raw system calls,
// because write is one of the functions that this file replaces.
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

// Returns the C library's function of that name.
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

int fchown(int fd, uid_t owner, gid_t group) {
  Count("fchown", fd, NULL);
  return NEXT(fchown)(fd, owner, group);
}

int utimensat(int dir, const char* name, const struct timespec times[2],
              int flags) {
  Count("utimensat", dir, name);
  return NEXT(utimensat)(dir, name, times, flags);
}

// The C library makes it the system call utimensat without a name.
int futimens(int fd, const struct timespec times[2]) {
  Count("utimensat", fd, NULL);
  return NEXT(futimens)(fd, times);
}
