#include "os/startup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

// The errno of the last write to standard output that failed.
std::atomic<int> g_output_error{0};

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

void FillStandardDescriptors() {
  // open returns the lowest free number, so counting upwards fills each gap.
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // If there is no /dev, take the number with a descriptor that can neither
    // be read nor written, so that no file opened later gets it.
    if (open("/dev/null", O_RDWR) < 0) {
      [[maybe_unused]] const int filled = open("/", O_PATH);
    }
  }
}

bool WriteOut(std::string_view text) {
  if (WriteAll(STDOUT_FILENO, text)) return true;
  const bool gone = errno == EPIPE || errno == EIO || errno == EBADF;
  if (!gone) g_output_error = errno;
  return false;
}

Reason LostOutput() {
  if (g_output_error == 0) return std::nullopt;
  return strerror(g_output_error);
}

bool OutIsClosed() {
  pollfd out{STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) == 1;
}

bool WriteErr(std::string_view text) { return WriteAll(STDERR_FILENO, text); }

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

void KeepInEnvironment(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> kept;
  for (const std::string& name : names) {
    if (const char* value = std::getenv(name.c_str())) {
      kept.emplace_back(name, value);
    }
  }
  // Set PATH first, so that a PATH in `names` replaces it.
  clearenv();
  setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
         1);
  for (const auto& [name, value] : kept) setenv(name.c_str(), value.c_str(), 1);
}

HostPath WorkingDirectory() {
  boost::system::error_code error;
  const HostPath directory = boost::filesystem::current_path(error);
  return error ? HostPath() : directory;
}

HostPath AbsolutePath(const HostPath& path) {
  HostPath whole = path;
  if (!whole.is_absolute()) {
    // boost::filesystem::absolute always reads the working directory, but an
    // absolute path must work even if that directory was removed.
    boost::system::error_code error;
    const auto directory = boost::filesystem::current_path(error);
    if (error) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("cannot use the relative path {}: the working "
                              "directory cannot be read ({}); give an absolute "
                              "path or change to another directory",
                              Quoted(path.string()), error.message()),
                  path.string());
    }
    whole = directory / whole;
  }
  whole = whole.lexically_normal();
  // A trailing slash counts as a last component ".".
  while (whole.has_relative_path() && whole.filename_is_dot()) {
    whole = whole.parent_path();
  }
  return whole;
}

HostPath NearestExisting(const HostPath& path) {
  HostPath nearest = path;
  boost::system::error_code error;
  while (!boost::filesystem::exists(nearest, error) &&
         nearest.has_parent_path()) {
    nearest = nearest.parent_path();
  }
  return nearest;
}

HostPath RealPath(const HostPath& path) {
  boost::system::error_code error;
  // Without the base "/", canonical reads the working directory, which may have
  // been removed.
  const auto real = boost::filesystem::canonical(path, "/", error);
  return error ? path : real;
}

}  // namespace release
