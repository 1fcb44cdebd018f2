#include "os/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "os/cancellation.h"
#include "os/descriptor.h"

namespace release {
namespace {

void ThrowIfInterrupted(const std::string& name) {
  const int signal = InterruptSignal();
  if (signal != 0) {
    FailToRead(name, ErrorCode::kInterrupted,
               fmt::format("stopped by signal {}", signal));
  }
}

mode_t TypeOf(int fd) {
  struct stat info = {};
  return fstat(fd, &info) == 0 ? info.st_mode & S_IFMT : 0;
}

// Waits until there is something to read; throws if the command must stop. A
// fifo that has not had a writer yet polls as idle, not as ended, so this also
// waits for the first writer.
void AwaitData(int fd, const std::string& name, ErrorCode code) {
  while (true) {
    ThrowIfInterrupted(name);
    pollfd both[] = {{fd, POLLIN, 0}, {InterruptDescriptor(), POLLIN, 0}};
    const int ready = poll(both, 2, CancellationPollTime());
    if (ready > 0 && both[0].revents != 0) break;
    if (ready < 0 && errno != EINTR && errno != EAGAIN) {
      FailToRead(name, code, strerror(errno));
    }
    ThrowIfInterrupted(name);
    ThrowIfCancelled();
  }
  ThrowIfInterrupted(name);
}

std::size_t ReadSome(int fd, std::span<char> buffer, const std::string& name,
                     ErrorCode code) {
  const bool may_block = TypeOf(fd) != S_IFREG;
  while (true) {
    if (may_block) AwaitData(fd, name, code);
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR && errno != EAGAIN) {
      FailToRead(name, code, strerror(errno));
    }
  }
}

// Opens with O_NONBLOCK, because opening a fifo without a writer would block.
// Instead the read waits, which an interrupt can end.
int OpenForReading(const std::string& path) {
  while (true) {
    const int fd =
        open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 || errno != EINTR) return fd;
    ThrowIfInterrupted(path);
  }
}

// Returns why this type of file cannot be read, or nullopt if it can.
Reason Unsuitable(int fd) {
  switch (TypeOf(fd)) {
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
      return std::nullopt;
    case S_IFDIR:
      return "is a directory";
    default:
      return "is neither a file nor a pipe";
  }
}

// Returns -1 if the file does not exist.
int OpenIfThere(const std::string& path) {
  const int file = OpenForReading(path);
  if (file >= 0 || errno == ENOENT || errno == ENOTDIR) return file;
  const bool denied = errno == EACCES || errno == EPERM;
  FailToRead(path, denied ? ErrorCode::kPermissionDenied : ErrorCode::kIoError,
             strerror(errno));
}

std::string ReadAll(int file, const std::string& path, std::size_t limit) {
  std::string content;
  char buffer[16 * 1024];
  while (const std::size_t count =
             ReadSome(file, buffer, path, ErrorCode::kIoError)) {
    content.append(buffer, count);
    if (content.size() > limit) {
      FailToRead(path, ErrorCode::kIoError,
                 fmt::format("larger than {} bytes", limit));
    }
  }
  return content;
}

// Adds why a user other than root could change or replace `place`, judged by
// its owner and mode and those of the directories above it. In a sticky
// directory others cannot replace root's files, but they can create missing
// ones. `place` must not contain symbolic links except as its last component.
void AddExposures(HostPath place, std::vector<Exposure>* all) {
  using Cause = Exposure::Cause;
  bool missing = false;
  for (bool first = true; !place.empty(); first = false) {
    struct stat info = {};
    const std::string name = first ? "it" : place.string();
    if (lstat(place.c_str(), &info) == 0) {
      if (info.st_uid != 0) {
        all->push_back({Cause::kOwner, place.string(),
                        fmt::format("{} belongs to user {}, not to root", name,
                                    info.st_uid)});
      }
      const bool sticky =
          S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
      const bool open = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
      if (open && !S_ISLNK(info.st_mode) && (!sticky || missing)) {
        all->push_back({Cause::kMode, place.string(),
                        fmt::format("{} can be written by others (mode {:04o})",
                                    name, info.st_mode & 07777)});
      }
      missing = false;
    } else if (errno != ENOENT) {
      all->push_back({Cause::kUnknown, place.string(), strerror(errno)});
    } else {
      missing = true;
    }
    place = place.parent_path();
  }
}

bool IsLink(const HostPath& path) {
  boost::system::error_code error;
  return boost::filesystem::symlink_status(path, error).type() ==
         boost::filesystem::symlink_file;
}

}  // namespace

void FailToRead(const std::string& name, ErrorCode code,
                std::string_view reason) {
  throw Error(code, fmt::format("cannot read {}: {}", Quoted(name), reason),
              name);
}

Input Input::Open(const HostPath& path) {
  const std::string& name = path.native();
  const int fd = OpenForReading(name);
  if (fd < 0) FailToRead(name, ErrorCode::kArchiveUnreadable, strerror(errno));
  Input input(fd, name);
  if (TypeOf(fd) == S_IFDIR) {
    FailToRead(name, ErrorCode::kArchiveUnreadable,
               "is a directory; `release pack` makes an archive of one");
  }
  if (const Reason reason = Unsuitable(fd)) {
    FailToRead(name, ErrorCode::kArchiveUnreadable, *reason);
  }
  return input;
}

Input Input::FromDescriptor(int descriptor, const std::string& name) {
  // Duplicate to a number above 2, so that closing the copy does not free
  // number 0 for a file opened later.
  const int fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (fd < 0) {
    throw Error(ErrorCode::kArchiveUnreadable,
                fmt::format("cannot read {}: {}", name, strerror(errno)));
  }
  return Input(fd, name);
}

Input::Input(Input&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}

Input& Input::operator=(Input&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(name_, other.name_);
  return *this;
}

Input::~Input() {
  if (fd_ >= 0) close(fd_);
}

std::size_t Input::Read(std::span<char> buffer) {
  ThrowIfInterrupted(name_);
  return ReadSome(fd_, buffer, name_, ErrorCode::kArchiveUnreadable);
}

std::optional<std::uint64_t> Input::Size() const {
  struct stat info = {};
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

std::size_t ByteSource::Read(std::span<char> buffer) {
  std::size_t count = 0;
  if (input_) {
    count = input_->Read(buffer);
  } else if (file_) {
    count = fs_->ReadAt(file_->get(), buffer, offset_);
    offset_ += count;
  }
  if (count_ != nullptr) count_->Add(count);
  return count;
}

std::optional<std::string> ReadSmallFile(const HostPath& path,
                                         std::size_t limit) {
  const std::string& name = path.native();
  const Descriptor file(OpenIfThere(name));
  if (file.get() < 0) return std::nullopt;
  if (const Reason reason = Unsuitable(file.get())) {
    FailToRead(name, ErrorCode::kIoError, *reason);
  }
  return ReadAll(file.get(), name, limit);
}

std::optional<RegularFile> ReadRegularFile(const HostPath& path,
                                           std::size_t limit) {
  const std::string& name = path.native();
  const Descriptor file(OpenIfThere(name));
  if (file.get() < 0) return std::nullopt;
  struct stat info = {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    FailToRead(name, ErrorCode::kIoError, "is not a regular file");
  }
  return RegularFile{ReadAll(file.get(), name, limit), info.st_uid,
                     info.st_mode & 07777,
                     std::chrono::seconds(info.st_mtim.tv_sec) +
                         std::chrono::nanoseconds(info.st_mtim.tv_nsec)};
}

std::vector<std::string> ListDirectory(const HostPath& path) {
  std::vector<std::string> names;
  boost::system::error_code error;
  for (boost::filesystem::directory_iterator it(path, error), end;
       !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  return names;
}

std::vector<Exposure> FindExposures(const HostPath& path) {
  std::vector<Exposure> all;
  if (geteuid() != 0) return all;
  constexpr int kMostLinks = 40;  // the kernel's limit
  std::vector<HostPath> ahead;
  // boost::filesystem::absolute asks for the working directory in any case.
  WalkFirst(path.is_absolute() ? path : boost::filesystem::absolute(path),
            &ahead);
  HostPath place;
  // Walk the path as the kernel does. A user who can replace a link, or a
  // directory that ".." leaves, decides where the rest of the path leads. The
  // place is therefore checked at each such turn and again at the end.
  for (int links = 0; !ahead.empty();) {
    const HostPath part = ahead.back();
    ahead.pop_back();
    if (part.empty() || part == ".") continue;
    const HostPath next = part.is_absolute() ? part : place / part;
    const bool turns = part == ".." || IsLink(next);
    if (!turns) {
      place = next;
      continue;
    }
    AddExposures(part == ".." ? place : next, &all);
    if (part == "..") {
      if (place.has_relative_path()) place = place.parent_path();
      continue;
    }
    if (++links > kMostLinks) {
      all.push_back(
          {Exposure::Cause::kUnknown, path.string(), strerror(ELOOP)});
      return all;
    }
    boost::system::error_code error;
    WalkFirst(boost::filesystem::read_symlink(next, error), &ahead);
  }
  AddExposures(place, &all);
  return all;
}

std::vector<Exposure> FindExposuresIn(const HostPath& directory,
                                      const std::string& name) {
  const HostPath path = directory / name;
  struct stat info = {};
  const bool is_safe = lstat(path.c_str(), &info) == 0 &&
                       S_ISDIR(info.st_mode) && info.st_uid == 0 &&
                       (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return is_safe ? std::vector<Exposure>{} : FindExposures(path);
}

Reason WhyOthersCanWrite(const HostPath& path) {
  const std::vector<Exposure> all = FindExposures(path);
  if (all.empty()) return std::nullopt;
  return all.front().reason;
}

}  // namespace release
