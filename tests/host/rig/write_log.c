// A FUSE file system that logs the writes and syncs of one file in order. With
// a loop device on that file, the log shows every write that reached the block
// layer, and after which writes a sync made them durable.
//
//   write-log MOUNTPOINT IMAGE LOG
//
// mounts a directory with two files: `disk`, which passes reads and writes to
// IMAGE, and `mark`, to which a test writes a line to mark a moment in the log.
// Each log entry is three little-endian 64-bit words, KIND OFFSET SIZE, and
// SIZE bytes of data. KIND is 1 for a write, 2 for a sync, 3 for a mark. The
// program ends when the directory is unmounted.
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kWrite = 1, kSync = 2, kMark = 3 };

static const char kDisk[] = "/disk";
static const char kMarkFile[] = "/mark";
static int image;
static int log_file;

static int Log(uint64_t kind, uint64_t offset, const char* data, size_t size) {
  const uint64_t head[3] = {kind, offset, size};
  struct iovec parts[2] = {{(void*)(uintptr_t)head, sizeof head},
                           {(void*)(uintptr_t)data, size}};
  const ssize_t all = (ssize_t)(sizeof head + size);
  return writev(log_file, parts, 2) == all ? 0 : -EIO;
}

static int GetAttributes(const char* path, struct stat* info,
                         struct fuse_file_info* file) {
  (void)file;
  memset(info, 0, sizeof *info);
  if (strcmp(path, "/") == 0) {
    info->st_mode = S_IFDIR | 0755;
    info->st_nlink = 2;
    return 0;
  }
  info->st_nlink = 1;
  info->st_mode = S_IFREG | 0600;
  if (strcmp(path, kMarkFile) == 0) return 0;
  if (strcmp(path, kDisk) != 0) return -ENOENT;
  if (fstat(image, info) != 0) return -errno;
  return 0;
}

static int Open(const char* path, struct fuse_file_info* file) {
  if (strcmp(path, kDisk) != 0 && strcmp(path, kMarkFile) != 0) return -ENOENT;
  // The page cache would delay and merge writes before they reach this program.
  file->direct_io = 1;
  return 0;
}

static int Truncate(const char* path, off_t size, struct fuse_file_info* file) {
  (void)size;
  (void)file;
  return strcmp(path, kMarkFile) == 0 ? 0 : -EPERM;
}

static int Read(const char* path, char* data, size_t size, off_t offset,
                struct fuse_file_info* file) {
  (void)file;
  if (strcmp(path, kDisk) != 0) return 0;
  const ssize_t count = pread(image, data, size, offset);
  return count < 0 ? -errno : (int)count;
}

static int Write(const char* path, const char* data, size_t size, off_t offset,
                 struct fuse_file_info* file) {
  (void)file;
  const int is_mark = strcmp(path, kMarkFile) == 0;
  const int error = Log(is_mark ? kMark : kWrite, (uint64_t)offset, data, size);
  if (error != 0 || is_mark) return error != 0 ? error : (int)size;
  const ssize_t count = pwrite(image, data, size, offset);
  return count < 0 ? -errno : (int)count;
}

static int Sync(const char* path, int only_data, struct fuse_file_info* file) {
  (void)only_data;
  (void)file;
  return strcmp(path, kDisk) == 0 ? Log(kSync, 0, "", 0) : 0;
}

static const struct fuse_operations kOperations = {
    .getattr = GetAttributes,
    .truncate = Truncate,
    .open = Open,
    .read = Read,
    .write = Write,
    .fsync = Sync,
};

int main(int argc, char** argv) {
  if (argc != 4)
    return fprintf(stderr, "usage: write-log MOUNTPOINT IMAGE LOG\n"), 2;
  image = open(argv[2], O_RDWR | O_CLOEXEC);
  log_file = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (image < 0 || log_file < 0) return perror("write-log"), 1;
  // -s: a single thread, so that the order of the log is the order of the
  // calls.
  char* words[] = {argv[0], argv[1], (char[]){"-f"}, (char[]){"-s"}, NULL};
  return fuse_main(4, words, &kOperations, NULL);
}
