// The machine's file system, beneath one directory.
//
// Every call goes through the descriptor of that directory or of one opened
// beneath it. A path of one component is one system call on its directory. A
// longer one has its directory opened first, beneath the root and through no
// symbolic link: by openat2 or, where the kernel or a sandbox has none, one
// component after the other.
//
// All descriptors are close-on-exec. Where POSIX lets a signal interrupt a call
// it is taken up again, except fsync and syncfs, for which an interruption is a
// failure like any other, and close, which has let go of the descriptor.
//
// Safe for use from several threads, each with file handles of its own.
#ifndef RELEASE_OS_POSIX_FS_H_
#define RELEASE_OS_POSIX_FS_H_

#include <string>
#include <vector>

#include "os/fs.h"

namespace release {

// Makes the directory at the absolute path, and those above it that are
// missing, all 0755 less the umask. What it made is durable on return. Nothing
// happens where the directory exists. Throws FsError.
void MakeRoot(const std::string& path);

class PosixFs final : public Fs {
 public:
  // How the directory of a longer path is found.
  enum class Lookup {
    kAuto,  // openat2 where it works, else the walk
    kWalk,  // always one component after the other
  };

  // `root` is absolute and an existing directory; throws FsError otherwise.
  // Clears the umask of the process, so that files and directories get exactly
  // the permissions asked for.
  explicit PosixFs(const std::string& root, Lookup lookup = Lookup::kAuto);
  ~PosixFs() override;
  PosixFs(const PosixFs&) = delete;
  PosixFs& operator=(const PosixFs&) = delete;

  // What is not a regular file opens as kRead without waiting for anybody, and
  // fails at the first ReadAt.
  Handle Open(Handle dir, const std::string& path, OpenMode mode,
              unsigned permissions = 0600) override;
  Handle OpenDirectory(Handle dir, const std::string& path) override;
  void Close(Handle handle) noexcept override;
  std::size_t ReadAt(Handle file, std::span<char> buffer,
                     std::uint64_t offset) override;
  void Write(Handle file, std::string_view data) override;
  void WriteAt(Handle file, std::string_view data,
               std::uint64_t offset) override;
  void CloneContent(Handle from, Handle to) override;
  void Truncate(Handle file, std::uint64_t size) override;
  void Reserve(Handle file, std::uint64_t size) override;
  void MakeDirectory(Handle dir, const std::string& path,
                     unsigned permissions) override;
  void MakeSymlink(const std::string& target, Handle dir,
                   const std::string& path) override;
  void MakeHardLink(Handle dir, const std::string& existing, Handle new_dir,
                    const std::string& path) override;
  void LinkOpened(Handle file, Handle dir, const std::string& path) override;
  void Rename(Handle dir, const std::string& from, Handle new_dir,
              const std::string& to, RenameMode mode) override;
  bool RemoveFile(Handle dir, const std::string& path) override;
  bool RemoveDirectory(Handle dir, const std::string& path) override;
  void SetMode(Handle dir, const std::string& path,
               unsigned permissions) override;
  void SetOwner(Handle dir, const std::string& path, std::uint32_t owner,
                std::uint32_t group) override;
  std::optional<FileInfo> Stat(Handle dir, const std::string& path) override;
  FileInfo StatHandle(Handle handle) override;
  bool HasAttributes(Handle file) override;
  std::optional<std::string> ReadLink(Handle dir,
                                      const std::string& path) override;
  std::vector<DirEntry> List(Handle dir, const std::string& path) override;
  SpaceInfo Space() override;
  void Sync(Handle handle) override;
  void SyncTree(Handle handle) override;
  bool TryLock(Handle file) override;

 private:
  class Place;

  int Descriptor(Handle handle) const;
  bool Remove(Handle dir, const std::string& path, int flags);
  std::string NameOf(Handle dir, const std::string& path) const;
  [[noreturn]] void Fail(std::string_view operation, Handle dir,
                         const std::string& path, int error) const;

  int root_;
  bool walk_;
};

}  // namespace release

#endif  // RELEASE_OS_POSIX_FS_H_
