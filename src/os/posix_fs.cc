#include "os/posix_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "os/beneath.h"
#include "os/creation_mask.h"
#include "os/descriptor.h"
#include "os/file_info.h"
#include "os/path_rules.h"

namespace release {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool MeansAbsent(int error) { return error == ENOENT || error == ENOTDIR; }

int FlagsOf(OpenMode mode) {
  // Without O_NONBLOCK, opening a fifo that an attacker planted would block.
  constexpr int kAlways = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY | kAlways;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL | kAlways;
    case OpenMode::kAppend:
      return O_RDWR | O_APPEND | kAlways;
    case OpenMode::kLockFile:
      return O_RDWR | O_CREAT | kAlways;
  }
  return O_RDONLY | kAlways;
}

unsigned FlagsOf(RenameMode mode) {
  switch (mode) {
    case RenameMode::kReplace:
      return 0;
    case RenameMode::kNoReplace:
      return RENAME_NOREPLACE;
    case RenameMode::kExchange:
      return RENAME_EXCHANGE;
  }
  return 0;
}

// Disables copy-on-write for an empty file. On btrfs each write goes to a new
// place, so a reserved block would be used up by its first write. Other file
// systems write in place anyway and refuse the flag; the error is ignored.
void AskToWriteInPlace(int fd) {
  int flags = 0;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return;
  flags |= FS_NOCOW_FL;
  ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

void SyncDirectoryAt(const std::string& path) {
  const Descriptor opened(Uninterrupted(
      [&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (opened.get() < 0) throw FsError("open directory", path, errno);
  if (fsync(opened.get()) != 0) throw FsError::OfSync("sync", path, errno);
}

// Changes the mode through a descriptor. For kernels older than 6.6, which have
// no fchmodat2: there the C library emulates AT_SYMLINK_NOFOLLOW with /proc,
// which a chroot may lack. Fails with EOPNOTSUPP for a symbolic link.
int SetModeByDescriptor(int at, const char* name, unsigned permissions) {
  const Descriptor opened(openat(
      at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (opened.get() < 0) {
    if (errno == ELOOP) errno = EOPNOTSUPP;
    return -1;
  }
  return Uninterrupted([&] { return fchmod(opened.get(), permissions); });
}

}  // namespace

void MakeRoot(const HostPath& path) {
  if (!path.is_absolute()) {
    throw FsError("make directory", path.string(), EINVAL);
  }
  HostPath above = path.root_path();
  for (const auto& component : path.relative_path()) {
    const HostPath directory = above / component;
    if (mkdir(directory.c_str(), 0755) == 0) {
      SyncDirectoryAt(above.string());
    } else if (errno != EEXIST) {
      throw FsError("make directory", directory.string(), errno);
    }
    above = directory;
  }
  struct stat st;
  if (stat(path.c_str(), &st) != 0) {
    throw FsError("examine", path.string(), errno);
  }
  if (!S_ISDIR(st.st_mode)) {
    throw FsError("make directory", path.string(), EEXIST);
  }
}

// Checks a path, opens its parent directory for the lifetime of the object, and
// leaves a single name for the system call.
class PosixFs::Place {
 public:
  Place(const PosixFs& fs, Handle dir, const std::string& path, PathUse use)
      : error_(PathError(path, use)), fd_(fs.Descriptor(dir)) {
    if (error_ != 0) return;
    const PathParts parts = SplitPath(path);
    name_ = parts.leaf.empty() ? "." : parts.leaf.data();
    if (parts.parent.empty()) return;
    fd_ = fs.walk_ ? WalkBeneath(fd_, parts.parent)
                   : OpenBeneath(fd_, std::string(parts.parent));
    owned_ = fd_ >= 0;
    if (!owned_) error_ = errno;
  }
  ~Place() {
    if (owned_) close(fd_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  int error() const { return error_; }
  int fd() const { return fd_; }
  const char* name() const { return name_; }

  // Returns 0, the errno of the lookup, or the errno of `call`.
  template <typename Call>
  int Do(Call call) const {
    if (error_ != 0) return error_;
    return call(fd_, name_) < 0 ? errno : 0;
  }

 private:
  int error_;
  int fd_;
  bool owned_ = false;
  const char* name_ = "";  // the tail of `path`, so it is zero-terminated
};

PosixFs::PosixFs(const HostPath& root, Lookup lookup) {
  if (!root.is_absolute()) {
    throw FsError("open directory", root.string(), EINVAL);
  }
  root_ = Uninterrupted(
      [&] { return open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (root_ < 0) throw FsError("open directory", root.string(), errno);
  walk_ = lookup == Lookup::kWalk || !HasOpenat2(root_);
  ClearCreationMask();
}

PosixFs::~PosixFs() { close(root_); }

int PosixFs::Descriptor(Handle handle) const {
  return handle == kRoot ? root_ : handle;
}

// Returns an absolute path for messages, from the directory's current name.
std::string PosixFs::NameOf(Handle dir, const std::string& path) const {
  std::array<char, PATH_MAX> opened;
  const std::string link = fmt::format("/proc/self/fd/{}", Descriptor(dir));
  const ssize_t size = readlink(link.c_str(), opened.data(), opened.size());
  const std::string directory(opened.data(),
                              size < 0 ? 0 : static_cast<std::size_t>(size));
  return JoinPath(directory, path);
}

void PosixFs::Fail(std::string_view operation, Handle dir,
                   const std::string& path, int error) const {
  throw FsError(operation, NameOf(dir, path), error);
}

Fs::Handle PosixFs::Open(Handle dir, const std::string& path, OpenMode mode,
                         unsigned permissions) {
  const Place place(*this, dir, path, PathUse::kName);
  int fd = -1;
  const int error = place.Do([&](int at, const char* name) {
    if (mode == OpenMode::kRead) {
      return fd = OpenUnnoticed(at, name, FlagsOf(mode));
    }
    return fd = Uninterrupted(
               [&] { return openat(at, name, FlagsOf(mode), permissions); });
  });
  if (error == 0) return fd;
  Fail(mode == OpenMode::kCreateNew ? "create" : "open", dir, path, error);
}

Fs::Handle PosixFs::OpenDirectory(Handle dir, const std::string& path) {
  const Place place(*this, dir, path, PathUse::kLook);
  int fd = -1;
  const int error = place.Do([&](int at, const char* name) {
    return fd = Uninterrupted([&] { return openat(at, name, kDirectory); });
  });
  if (error == 0) return fd;
  Fail("open directory", dir, path, error);
}

void PosixFs::Close(Handle handle) noexcept {
  if (handle != kRoot) close(handle);
}

std::size_t PosixFs::ReadAt(Handle file, std::span<char> buffer,
                            std::uint64_t offset) {
  const ssize_t count = Uninterrupted([&] {
    return pread(Descriptor(file), buffer.data(), buffer.size(),
                 static_cast<off_t>(offset));
  });
  if (count < 0) Fail("read", file, "", errno);
  const auto bytes = static_cast<std::size_t>(count);
  if (read_count_ != nullptr) read_count_->Add(bytes);
  return bytes;
}

void PosixFs::Write(Handle file, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = Uninterrupted(
        [&] { return write(Descriptor(file), data.data(), data.size()); });
    if (count <= 0) Fail("write", file, "", count < 0 ? errno : EIO);
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

void PosixFs::WriteAt(Handle file, std::string_view data,
                      std::uint64_t offset) {
  while (!data.empty()) {
    const ssize_t count = Uninterrupted([&] {
      return pwrite(Descriptor(file), data.data(), data.size(),
                    static_cast<off_t>(offset));
    });
    if (count <= 0) Fail("write", file, "", count < 0 ? errno : EIO);
    data.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void PosixFs::CloneContent(Handle from, Handle to) {
  const int result = Uninterrupted(
      [&] { return ioctl(Descriptor(to), FICLONE, Descriptor(from)); });
  if (result == 0) return;
  // File systems that do not implement the call return ENOTTY.
  const int error = errno == ENOTTY ? EOPNOTSUPP : errno;
  Fail(fmt::format("clone {} into", Quoted(NameOf(from, ""))), to, "", error);
}

void PosixFs::Truncate(Handle file, std::uint64_t size) {
  const int result = Uninterrupted(
      [&] { return ftruncate(Descriptor(file), static_cast<off_t>(size)); });
  if (result < 0) Fail("truncate", file, "", errno);
}

void PosixFs::Reserve(Handle file, std::uint64_t size) {
  AskToWriteInPlace(Descriptor(file));
  const int result = Uninterrupted([&] {
    return fallocate(Descriptor(file), FALLOC_FL_KEEP_SIZE, 0,
                     static_cast<off_t>(size));
  });
  if (result < 0) Fail("reserve space for", file, "", errno);
}

void PosixFs::MakeDirectory(Handle dir, const std::string& path,
                            unsigned permissions) {
  const Place place(*this, dir, path, PathUse::kName);
  const int error = place.Do(
      [&](int at, const char* name) { return mkdirat(at, name, permissions); });
  if (error != 0) Fail("make directory", dir, path, error);
}

void PosixFs::MakeSymlink(const std::string& target, Handle dir,
                          const std::string& path) {
  const Place place(*this, dir, path, PathUse::kName);
  const int error = place.Do([&](int at, const char* name) {
    return symlinkat(target.c_str(), at, name);
  });
  if (error != 0) Fail("make symbolic link", dir, path, error);
}

void PosixFs::MakeHardLink(Handle dir, const std::string& existing,
                           Handle new_dir, const std::string& path) {
  const Place source(*this, dir, existing, PathUse::kName);
  const Place place(*this, new_dir, path, PathUse::kName);
  int error = source.error();
  if (error == 0) {
    error = place.Do([&](int at, const char* name) {
      return linkat(source.fd(), source.name(), at, name, 0);
    });
  }
  if (error == 0) return;
  Fail(fmt::format("link {} to", Quoted(existing)), new_dir, path, error);
}

void PosixFs::LinkOpened(Handle file, Handle dir, const std::string& path) {
  const Place place(*this, dir, path, PathUse::kName);
  const int error = place.Do([&](int at, const char* name) {
    const int opened = Descriptor(file);
    const int made = linkat(opened, "", at, name, AT_EMPTY_PATH);
    if (made == 0 || errno != ENOENT) return made;
    // AT_EMPTY_PATH needs a privilege; without it the kernel returns ENOENT.
    // Other users can do the same through /proc.
    const std::string link = fmt::format("/proc/self/fd/{}", opened);
    return linkat(AT_FDCWD, link.c_str(), at, name, AT_SYMLINK_FOLLOW);
  });
  if (error == 0) return;
  Fail(fmt::format("link {} to", Quoted(NameOf(file, ""))), dir, path, error);
}

void PosixFs::Rename(Handle dir, const std::string& from, Handle new_dir,
                     const std::string& to, RenameMode mode) {
  const Place source(*this, dir, from, PathUse::kName);
  const Place place(*this, new_dir, to, PathUse::kName);
  int error = source.error();
  if (error == 0) {
    error = place.Do([&](int at, const char* name) {
      return renameat2(source.fd(), source.name(), at, name, FlagsOf(mode));
    });
  }
  if (error == 0) return;
  Fail(fmt::format("rename {} to", Quoted(from)), new_dir, to, error);
}

bool PosixFs::Remove(Handle dir, const std::string& path, int flags) {
  const Place place(*this, dir, path, PathUse::kName);
  if (MeansAbsent(place.error())) return false;
  const int error = place.Do(
      [&](int at, const char* name) { return unlinkat(at, name, flags); });
  if (error == ENOENT) return false;
  if (error != 0) Fail("remove", dir, path, error);
  return true;
}

bool PosixFs::RemoveFile(Handle dir, const std::string& path) {
  return Remove(dir, path, 0);
}

bool PosixFs::RemoveDirectory(Handle dir, const std::string& path) {
  return Remove(dir, path, AT_REMOVEDIR);
}

void PosixFs::SetMode(Handle dir, const std::string& path,
                      unsigned permissions) {
  const Place place(*this, dir, path, PathUse::kLook);
  const int error = place.Do([&](int at, const char* name) {
    const int done = Uninterrupted(
        [&] { return fchmodat(at, name, permissions, AT_SYMLINK_NOFOLLOW); });
    if (done == 0 || errno != EOPNOTSUPP) return done;
    return SetModeByDescriptor(at, name, permissions);
  });
  if (error != 0) Fail("set the mode of", dir, path, error);
}

void PosixFs::SetOwner(Handle dir, const std::string& path, std::uint32_t owner,
                       std::uint32_t group) {
  const Place place(*this, dir, path, PathUse::kLook);
  const int error = place.Do([&](int at, const char* name) {
    return Uninterrupted([&] {
      if (path.empty()) return fchown(at, owner, group);
      return fchownat(at, name, owner, group, AT_SYMLINK_NOFOLLOW);
    });
  });
  if (error != 0) Fail("set the owner of", dir, path, error);
}

void PosixFs::SetModified(Handle handle, const std::string& path,
                          std::int64_t modified) {
  const std::array<timespec, 2> times = {timespec{0, UTIME_OMIT},
                                         ToTimespec(modified)};
  int error = 0;
  if (path.empty()) {
    error = futimens(Descriptor(handle), times.data()) == 0 ? 0 : errno;
  } else {
    const Place place(*this, handle, path, PathUse::kLook);
    error = place.Do([&](int at, const char* name) {
      return utimensat(at, name, times.data(), AT_SYMLINK_NOFOLLOW);
    });
  }
  if (error != 0) Fail("set the time of", handle, path, error);
}

std::optional<FileInfo> PosixFs::Stat(Handle dir, const std::string& path) {
  const Place place(*this, dir, path, PathUse::kLook);
  struct stat st;
  const int error = place.Do([&](int at, const char* name) {
    return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW);
  });
  if (MeansAbsent(error)) return std::nullopt;
  if (error != 0) Fail("examine", dir, path, error);
  return InfoOf(st);
}

FileInfo PosixFs::StatHandle(Handle handle) {
  struct stat st;
  if (fstat(Descriptor(handle), &st) != 0) Fail("examine", handle, "", errno);
  return InfoOf(st);
}

bool PosixFs::HasAttributes(Handle file) {
  constexpr std::string_view kLabel("security.selinux\0", 17);  // with its zero
  std::array<char, 256> names;
  const ssize_t size = flistxattr(Descriptor(file), names.data(), names.size());
  if (size >= 0) {
    const std::string_view all(names.data(), static_cast<std::size_t>(size));
    return !all.empty() && all != kLabel;
  }
  if (errno == EOPNOTSUPP) return false;
  // ERANGE: the buffer is too small, so there are other attributes.
  if (errno != ERANGE) Fail("examine", file, "", errno);
  return true;
}

std::optional<std::string> PosixFs::ReadLink(Handle dir,
                                             const std::string& path) {
  const Place place(*this, dir, path, PathUse::kLook);
  std::array<char, PATH_MAX> target;
  ssize_t size = 0;
  const int error = place.Do([&](int at, const char* name) {
    return size = readlinkat(at, name, target.data(), target.size());
  });
  if (MeansAbsent(error)) return std::nullopt;
  if (error != 0) Fail("read link", dir, path, error);
  return std::string(target.data(), static_cast<std::size_t>(size));
}

std::vector<DirEntry> PosixFs::List(Handle dir, const std::string& path) {
  const int fd = OpenDirectory(dir, path);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(fd), closedir);
  if (stream == nullptr) {
    const int error = errno;
    close(fd);
    Fail("list", dir, path, error);
  }
  std::vector<DirEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    entries.push_back({std::string(name), TypeOfEntry(fd, *entry)});
  }
  if (errno != 0) Fail("list", dir, path, errno);
  return entries;
}

SpaceInfo PosixFs::Space() {
  struct statvfs st;
  if (Uninterrupted([&] { return fstatvfs(root_, &st); }) != 0) {
    Fail("examine the file system of", kRoot, "", errno);
  }
  return {std::uint64_t{st.f_bavail} * st.f_frsize, st.f_favail, st.f_files};
}

// Does not repeat fsync after EINTR: the kernel may already have discarded the
// error that a second call should report.
void PosixFs::Sync(Handle handle) {
  if (fsync(Descriptor(handle)) == 0) return;
  const int error = errno;
  throw FsError::OfSync("sync", NameOf(handle, ""), error);
}

void PosixFs::SyncTree(Handle handle) {
  if (syncfs(Descriptor(handle)) == 0) return;
  const int error = errno;
  throw FsError::OfSync("sync the file system of", NameOf(handle, ""), error);
}

bool PosixFs::TryLock(Handle file) {
  const int result =
      Uninterrupted([&] { return flock(Descriptor(file), LOCK_EX | LOCK_NB); });
  if (result != 0 && errno != EWOULDBLOCK) Fail("lock", file, "", errno);
  return result == 0;
}

}  // namespace release
