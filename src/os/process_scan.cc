#include "os/process_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "os/descriptor.h"
#include "os/fs.h"

namespace release {
namespace {

using What = ProcessUse::What;
using std::chrono::nanoseconds;

struct DirectoryCloser {
  void operator()(DIR* dir) const { closedir(dir); }
};
using DirectoryStream = std::unique_ptr<DIR, DirectoryCloser>;

// Throws if this process lacks descriptors or memory: what cannot be looked at
// for that reason may be in use all the same.
void RequireResources(int error) {
  if (error == EMFILE || error == ENFILE || error == ENOMEM) {
    throw FsError("look for processes in", "/proc", error);
  }
}

// Returns nullptr if the process has ended or may not be looked at.
DirectoryStream OpenDirectoryAt(int dir, const char* path) {
  const int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = fd < 0 ? nullptr : fdopendir(fd);
  const int error = errno;
  if (stream == nullptr && fd >= 0) close(fd);
  if (stream == nullptr) RequireResources(error);
  return DirectoryStream(stream);
}

std::optional<std::string> ReadLinkAt(int dir, const char* path) {
  char target[PATH_MAX];
  const ssize_t length = readlinkat(dir, path, target, sizeof target);
  if (length < 0) return std::nullopt;
  return std::string(target, static_cast<std::size_t>(length));
}

// Reads until the end: files in /proc report a size of 0.
std::string ReadFileAt(int dir, const char* path) {
  const Descriptor file(openat(dir, path, O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) RequireResources(errno);
  std::string content;
  char buffer[32 * 1024];
  ssize_t count = 0;
  while ((count = read(file.get(), buffer, sizeof buffer)) > 0) {
    content.append(buffer, static_cast<std::size_t>(count));
  }
  if (count < 0) RequireResources(errno);
  return content;
}

// Visits the entries whose names are numbers: processes or descriptors.
template <typename Visit>
void ForEachNumber(DIR* stream, Visit visit) {
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream);
    if (entry == nullptr) return RequireResources(errno);
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0) {
      visit(entry->d_name);
    }
  }
}

// Scans the processes in /proc one after the other. Processes come and go
// during the scan, so a failure to read is treated as "nothing to report",
// unless it is for lack of resources.
class ProcessScan {
 public:
  explicit ProcessScan(std::vector<std::string> directories)
      : directories_(std::move(directories)) {}

  std::vector<ProcessUse> ScanOne(int pid) {
    const DirectoryStream proc = OpenDirectoryAt(AT_FDCWD, "/proc");
    if (proc == nullptr) return {};
    pid_ = pid;
    ScanProcess(dirfd(proc.get()), std::to_string(pid).c_str());
    return std::move(uses_);
  }

  std::vector<ProcessUse> Scan() {
    const DirectoryStream proc = OpenDirectoryAt(AT_FDCWD, "/proc");
    if (proc == nullptr) return {};
    ForEachNumber(proc.get(), [&](const char* number) {
      pid_ = std::atoi(number);
      if (pid_ != getpid()) ScanProcess(dirfd(proc.get()), number);
    });
    return std::move(uses_);
  }

 private:
  // Skips a process that has ended or that we may not inspect.
  void ScanProcess(int proc, const char* number) {
    const DirectoryStream process = OpenDirectoryAt(proc, number);
    if (process == nullptr) return;
    const int dir = dirfd(process.get());
    // A kernel thread has no executable; neither has a process that ended.
    const auto executable = ReadLinkAt(dir, "exe");
    if (!executable) return;
    told_.clear();
    const std::size_t before = uses_.size();
    Add(What::kExecutable, *executable);
    if (const auto cwd = ReadLinkAt(dir, "cwd")) Add(What::kDirectory, *cwd);
    ScanOpenFiles(dir);
    ScanMappings(dir);
    if (uses_.size() == before) return;
    if (!SharesFiles(dir, before)) return uses_.resize(before);
    std::string name = ReadFileAt(dir, "comm");
    if (name.ends_with('\n')) name.pop_back();
    for (std::size_t i = before; i < uses_.size(); ++i) uses_[i].name = name;
  }

  // /proc shows a path as it is in the mount namespace of the process. In a
  // container the same path may be another file, so the text decides only
  // within this namespace. A sandboxed service has a namespace of its own, too,
  // in which the directories are the same.
  bool SharesFiles(int process, std::size_t first_use) const {
    const auto mounts = ReadLinkAt(process, "ns/mnt");
    if (!mounts || mounts == ReadLinkAt(AT_FDCWD, "/proc/self/ns/mnt")) {
      return true;
    }
    for (const std::string& directory : directories_) {
      const bool used = std::any_of(
          uses_.begin() + static_cast<std::ptrdiff_t>(first_use), uses_.end(),
          [&](const auto& use) { return LiesIn(use.path, directory); });
      if (!used) continue;
      struct stat ours = {};
      // A directory that is gone cannot be compared.
      if (stat(directory.c_str(), &ours) != 0) return true;
      if (IsFile(process, "root" + directory, ours)) return true;
    }
    // A process that changed its root within its namespace does not find them.
    return std::any_of(
        std::begin(kPlaces), std::end(kPlaces), [&](const char* place) {
          struct stat ours = {};
          const auto path = ReadLinkAt(process, place);
          return path && IsBelow(*path) && stat(path->c_str(), &ours) == 0 &&
                 IsFile(process, place, ours);
        });
  }

  // Returns whether `path` is that file, or may be: it cannot be looked at.
  static bool IsFile(int process, const std::string& path,
                     const struct stat& file) {
    struct stat theirs = {};
    if (fstatat(process, path.c_str(), &theirs, 0) != 0) {
      return errno != ENOENT && errno != ENOTDIR;
    }
    return theirs.st_dev == file.st_dev && theirs.st_ino == file.st_ino;
  }

  void ScanOpenFiles(int process) {
    const DirectoryStream files = OpenDirectoryAt(process, "fd");
    if (files == nullptr) return;
    ForEachNumber(files.get(), [&](const char* number) {
      if (const auto path = ReadLinkAt(dirfd(files.get()), number)) {
        Add(What::kOpenFile, *path);
      }
    });
  }

  void ScanMappings(int process) {
    const std::string maps = ReadFileAt(process, "maps");
    std::string_view rest = maps;
    std::string_view previous;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const std::size_t slash = line.find('/');
      if (slash == line.npos) continue;
      const std::string_view path = line.substr(slash);
      // A file has several adjacent mappings; report it once.
      if (path != previous) Add(What::kMapping, path);
      previous = path;
    }
  }

  void Add(What what, std::string_view path) {
    constexpr std::string_view kDeleted = " (deleted)";
    if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
    if (!IsBelow(path) || !told_.emplace(what, path).second) return;
    uses_.push_back({pid_, "", what, std::string(path)});
  }

  static bool LiesIn(std::string_view path, const std::string& directory) {
    return path.starts_with(directory) &&
           (path.size() == directory.size() || path[directory.size()] == '/');
  }

  bool IsBelow(std::string_view path) const {
    return std::any_of(
        directories_.begin(), directories_.end(),
        [&](const auto& directory) { return LiesIn(path, directory); });
  }

  // The links of a process that lead to a file of its namespace.
  static constexpr const char* kPlaces[] = {"exe", "cwd", "root"};

  std::vector<std::string> directories_;  // without a '/' at the end
  std::vector<ProcessUse> uses_;
  int pid_ = 0;
  std::set<std::pair<What, std::string>> told_;  // reported for this process
};

// The number at the start of `text`; 0 if there is none.
std::uint64_t Number(std::string_view text) {
  const std::size_t digit = text.find_first_of("0123456789");
  std::uint64_t value = 0;
  if (digit == text.npos) return value;
  std::from_chars(text.data() + digit, text.data() + text.size(), value);
  return value;
}

// Returns what follows the first `count` blanks.
std::string_view BehindBlanks(std::string_view text, int count) {
  for (; count > 0; --count) {
    text.remove_prefix(std::min(text.find(' '), text.size() - 1) + 1);
  }
  return text;
}

nanoseconds Now(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

// "PID (NAME) STATE PPID ... STARTTIME ...", where the time is the 22nd field,
// in clock ticks since the boot. A name may contain ") ", so search for its end
// from the right.
nanoseconds StartedAt(std::string_view stat) {
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == stat.npos) return nanoseconds::zero();
  const std::uint64_t ticks = Number(BehindBlanks(stat.substr(name_end), 20));
  const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  const nanoseconds since_boot(
      static_cast<std::int64_t>(ticks * (1'000'000'000 / per_second)));
  return Now(CLOCK_REALTIME) - Now(CLOCK_BOOTTIME) + since_boot;
}

}  // namespace

std::vector<int> ProcessOfEachNetwork() {
  const DirectoryStream proc = OpenDirectoryAt(AT_FDCWD, "/proc");
  if (proc == nullptr) return {};
  std::vector<int> processes;
  std::set<std::string> networks;
  ForEachNumber(proc.get(), [&](const char* number) {
    const auto network = ReadLinkAt(dirfd(proc.get()),
                                    (std::string(number) + "/ns/net").c_str());
    if (network && networks.insert(*network).second) {
      processes.push_back(std::atoi(number));
    }
  });
  return processes;
}

std::optional<ProcessFacts> ReadProcessFacts(int pid) {
  if (pid <= 0) return std::nullopt;
  const DirectoryStream process =
      OpenDirectoryAt(AT_FDCWD, ("/proc/" + std::to_string(pid)).c_str());
  if (process == nullptr) return std::nullopt;
  const std::string stat = ReadFileAt(dirfd(process.get()), "stat");
  const std::string status = ReadFileAt(dirfd(process.get()), "status");
  // "Uid:\tREAL\tEFFECTIVE\tSAVED\tFILE-SYSTEM".
  const std::size_t uids = status.find("\nUid:\t");
  if (stat.empty() || uids == status.npos) return std::nullopt;
  std::string line = status.substr(uids + 6);
  std::replace(line.begin(), line.end(), '\t', ' ');
  return ProcessFacts{static_cast<std::uint32_t>(Number(line)),
                      static_cast<std::uint32_t>(Number(BehindBlanks(line, 2))),
                      StartedAt(stat)};
}

namespace {

// Returns the names of the directory that /proc may show.
std::vector<std::string> NamesOf(const HostPath& directory) {
  std::vector<std::string> directories = {directory.string()};
  // /proc shows paths with links resolved. Keep the given path too, because the
  // directory may already be deleted.
  if (char* real = realpath(directory.c_str(), nullptr)) {
    if (directory != real) directories.emplace_back(real);
    free(real);
  }
  for (std::string& path : directories) {
    while (path.ends_with('/')) path.pop_back();
  }
  return directories;
}

}  // namespace

std::vector<ProcessUse> ProcessesUsing(const HostPath& directory) {
  return ProcessScan(NamesOf(directory)).Scan();
}

std::vector<ProcessUse> UsesOfProcess(int pid, const HostPath& directory) {
  return ProcessScan(NamesOf(directory)).ScanOne(pid);
}

}  // namespace release
