#include "os/host_facts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "os/descriptor.h"

namespace release {
namespace {

struct KnownType {
  std::uint32_t magic;
  const char* name;
};
// Values of statfs.f_type; see <linux/magic.h>.
constexpr KnownType kKnownTypes[] = {
    {0xEF53, "ext4"},          {0x58465342, "xfs"},  {0x9123683E, "btrfs"},
    {0x01021994, "tmpfs"},     {0xF2F52010, "f2fs"}, {0x2FC12FC1, "zfs"},
    {0x794C7630, "overlayfs"},
};

// Checks with the effective ids, as execve does.
bool Runnable(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

}  // namespace

Reason WhyNotWritable(const std::string& directory) {
  if (faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0) {
    return std::nullopt;
  }
  return strerror(errno);
}

std::uint64_t MountOf(const HostPath& path) {
  struct statx info = {};
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &info) !=
          0 ||
      (info.stx_mask & STATX_MNT_ID) == 0) {
    return 0;
  }
  return info.stx_mnt_id;
}

std::string FileSystemOf(const HostPath& path) {
  struct statfs info = {};
  if (statfs(path.c_str(), &info) != 0) return strerror(errno);
  const auto magic = static_cast<std::uint32_t>(info.f_type);
  for (const KnownType& type : kKnownTypes) {
    if (type.magic == magic) return type.name;
  }
  return fmt::format("type {:#x}", magic);
}

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return Runnable(name) ? name : "";
  const char* const path = getenv("PATH");
  std::string_view left = path == nullptr ? "/bin:/usr/bin" : path;
  for (;;) {
    const std::size_t end = std::min(left.find(':'), left.size());
    const std::string found = std::string(left.substr(0, end)) + "/" + name;
    if (Runnable(found)) return found;
    if (end == left.size()) return "";
    left.remove_prefix(end + 1);
  }
}

bool HasOpenat2() {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const Descriptor root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Descriptor found(static_cast<int>(
      syscall(SYS_openat2, root.get(), ".", &how, sizeof how)));
  return found.get() >= 0;
}

bool HasRenameFlags() {
  // Rename files that do not exist: a kernel that knows the flags fails with
  // ENOENT, others with EINVAL or ENOSYS.
  const auto missed = [](unsigned flags) {
    return renameat2(AT_FDCWD, "/proc/self/no-such-name", AT_FDCWD,
                     "/proc/self/no-such-name-either", flags) != 0 &&
           errno == ENOENT;
  };
  return missed(RENAME_NOREPLACE) && missed(RENAME_EXCHANGE);
}

}  // namespace release
