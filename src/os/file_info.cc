#include "os/file_info.h"

#include <fcntl.h>

#include <limits>

namespace release {
namespace {

constexpr std::int64_t kNanosecondsInSecond = 1'000'000'000;

FileType TypeOfMode(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kFile;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  return FileType::kOther;
}

}  // namespace

FileInfo InfoOf(const struct stat& st) {
  FileInfo info;
  info.type = TypeOfMode(st.st_mode);
  info.mode = st.st_mode & 07777;
  info.size = static_cast<std::uint64_t>(st.st_size);
  info.stored = static_cast<std::uint64_t>(st.st_blocks) * 512;
  info.device = st.st_dev;
  info.inode = st.st_ino;
  info.links = st.st_nlink;
  info.modified = st.st_mtim.tv_sec;
  info.modified_exactly = ToNanoseconds(st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  info.changed = ToNanoseconds(st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
  info.owner = st.st_uid;
  info.group = st.st_gid;
  return info;
}

FileType TypeOfEntry(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return TypeOfMode(DTTOIF(entry.d_type));
  struct stat st;
  if (fstatat(directory, entry.d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
    return FileType::kOther;
  }
  return TypeOfMode(st.st_mode);
}

std::int64_t ToNanoseconds(std::int64_t seconds, std::int64_t part) {
  std::int64_t out = 0;
  if (!__builtin_mul_overflow(seconds, kNanosecondsInSecond, &out) &&
      !__builtin_add_overflow(out, part, &out)) {
    return out;
  }
  return seconds < 0 ? std::numeric_limits<std::int64_t>::min()
                     : std::numeric_limits<std::int64_t>::max();
}

timespec ToTimespec(std::int64_t nanoseconds) {
  timespec out{};
  out.tv_sec = nanoseconds / kNanosecondsInSecond;
  out.tv_nsec = nanoseconds % kNanosecondsInSecond;
  if (out.tv_nsec < 0) {
    --out.tv_sec;
    out.tv_nsec += kNanosecondsInSecond;
  }
  return out;
}

}  // namespace release
