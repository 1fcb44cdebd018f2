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
#include "os/descriptor.h"
#include "os/interrupt.h"
#include "os/wait_check.h"

namespace release {
namespace {

[[noreturn]] void Fail(ErrorCode code, const std::string& name,
                       const std::string& reason) {
  throw Error(code, fmt::format("cannot read {}: {}", Quoted(name), reason),
              name);
}

void ThrowIfInterrupted(const std::string& name) {
  const int signal = InterruptSignal();
  if (signal != 0) {
    Fail(ErrorCode::kInterrupted, name,
         fmt::format("stopped by signal {}", signal));
  }
}

mode_t TypeOf(int fd) {
  struct stat info = {};
  return fstat(fd, &info) == 0 ? info.st_mode & S_IFMT : 0;
}

// Until there is something to read, or an interrupt. The descriptor of a fifo
// polls as idle, not as ended, until its first writer has come.
void AwaitData(int fd, const std::string& name) {
  while (true) {
    ThrowIfInterrupted(name);
    pollfd both[] = {{fd, POLLIN, 0}, {InterruptDescriptor(), POLLIN, 0}};
    const int ready = poll(both, 2, WaitBeforeAsking());
    if (ready > 0 && both[0].revents != 0) break;
    AskWhetherToGoOn();
  }
  ThrowIfInterrupted(name);
}

std::size_t ReadSome(int fd, std::span<char> buffer, const std::string& name,
                     ErrorCode code) {
  const bool may_block = TypeOf(fd) != S_IFREG;
  while (true) {
    if (may_block) AwaitData(fd, name);
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR && errno != EAGAIN) Fail(code, name, strerror(errno));
  }
}

// O_NONBLOCK: opening a fifo that has no writer yet must not hang; what waits
// is the read, which an interrupt can end.
int OpenForReading(const std::string& path) {
  while (true) {
    const int fd =
        open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 || errno != EINTR) return fd;
    ThrowIfInterrupted(path);
  }
}

// Why this cannot be read.
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

// Why somebody but root may change what is at a place, or put something else
// there: its own mode and owner, and those of the directories above. A sticky
// directory keeps what root has there, and lets anybody make what is missing.
Reason WhyOthersCanReplace(boost::filesystem::path place) {
  bool missing = false;
  for (bool first = true; !place.empty(); first = false) {
    struct stat info = {};
    const std::string name = first ? "it" : place.string();
    if (lstat(place.c_str(), &info) == 0) {
      if (info.st_uid != 0) {
        return fmt::format("{} belongs to user {}, not to root", name,
                           info.st_uid);
      }
      const bool sticky =
          S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
      const bool open = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
      if (open && !S_ISLNK(info.st_mode) && (!sticky || missing)) {
        return fmt::format("{} can be written by others (mode {:04o})", name,
                           info.st_mode & 07777);
      }
      missing = false;
    } else if (errno != ENOENT) {
      return strerror(errno);
    } else {
      missing = true;
    }
    place = place.parent_path();
  }
  return std::nullopt;
}

using Path = boost::filesystem::path;

bool IsLink(const Path& path) {
  boost::system::error_code error;
  return boost::filesystem::symlink_status(path, error).type() ==
         boost::filesystem::symlink_file;
}

// Puts the path's components before those that are still to be walked, the
// first at the end.
void GoOnWith(const Path& path, std::vector<Path>* ahead) {
  const std::vector<Path> parts(path.begin(), path.end());
  ahead->insert(ahead->end(), parts.rbegin(), parts.rend());
}

}  // namespace

Input Input::Open(const std::string& path) {
  const int fd = OpenForReading(path);
  if (fd < 0) Fail(ErrorCode::kArchiveUnreadable, path, strerror(errno));
  Input input(fd, path);
  if (const Reason reason = Unsuitable(fd)) {
    Fail(ErrorCode::kArchiveUnreadable, path, *reason);
  }
  return input;
}

Input Input::FromDescriptor(int descriptor, const std::string& name) {
  // A copy above 2: closing it leaves the number 0 taken.
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

std::optional<std::string> ReadSmallFile(const std::string& path,
                                         std::size_t limit) {
  const Descriptor file(OpenForReading(path));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    const bool denied = errno == EACCES || errno == EPERM;
    Fail(denied ? ErrorCode::kPermissionDenied : ErrorCode::kIoError, path,
         strerror(errno));
  }
  if (const Reason reason = Unsuitable(file.get())) {
    Fail(ErrorCode::kIoError, path, *reason);
  }
  std::string content;
  char buffer[16 * 1024];
  while (const std::size_t count =
             ReadSome(file.get(), buffer, path, ErrorCode::kIoError)) {
    content.append(buffer, count);
    if (content.size() > limit) {
      Fail(ErrorCode::kIoError, path,
           fmt::format("larger than {} bytes", limit));
    }
  }
  return content;
}

std::vector<std::string> ListDirectory(const std::string& path) {
  std::vector<std::string> names;
  boost::system::error_code error;
  for (boost::filesystem::directory_iterator it(path, error), end;
       !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  return names;
}

Reason WhyOthersCanWrite(const std::string& path) {
  if (geteuid() != 0) return std::nullopt;
  constexpr int kMostLinks = 40;  // as the kernel has it
  std::vector<Path> ahead;
  GoOnWith(boost::filesystem::absolute(path), &ahead);
  Path place;
  // Who can replace a link, or a directory that ".." leaves, decides where the
  // rest leads: so each counts.
  for (int links = 0; !ahead.empty();) {
    const Path part = ahead.back();
    ahead.pop_back();
    if (part.empty() || part == ".") continue;
    const Path next = part.is_absolute() ? part : place / part;
    const bool turns = part == ".." || IsLink(next);
    if (!turns) {
      place = next;
      continue;
    }
    Reason reason = WhyOthersCanReplace(part == ".." ? place : next);
    if (reason) return reason;
    if (part == "..") {
      if (place.has_relative_path()) place = place.parent_path();
      continue;
    }
    if (++links > kMostLinks) return strerror(ELOOP);
    boost::system::error_code error;
    GoOnWith(boost::filesystem::read_symlink(next, error), &ahead);
  }
  return WhyOthersCanReplace(place);
}

}  // namespace release
