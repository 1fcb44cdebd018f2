// Implements Fs with the machine's file system, beneath one directory.
//
// Every call uses the descriptor of that directory or of one opened beneath it.
// A path of one component needs one system call. For a longer path its parent
// directory is opened first, without following symbolic links: with openat2 or,
// if the kernel or a sandbox does not allow it, one component after the other.
//
// All descriptors are close-on-exec. A call interrupted by a signal is
// repeated, with two exceptions: for fsync and syncfs an interruption is a
// failure like any other, and close has already released the descriptor.
//
// Several threads may use one object if each has its own file handles.
#ifndef RELEASE_OS_POSIX_FS_H_
#define RELEASE_OS_POSIX_FS_H_

#include <string>
#include <vector>

#include "base/byte_count.h"
#include "base/host_path.h"
#include "os/fs.h"

namespace release {

// Creates the directory at the absolute path and its missing parents, with mode
// 0755 less the umask. The new directories are durable on return. Does nothing
// if the directory exists. Throws FsError.
void MakeRoot(const HostPath& path);

class PosixFs final : public Fs {
 public:
  // How the parent directory of a longer path is opened.
  enum class Lookup {
    kAuto,  // openat2 if it works, else as kWalk
    kWalk,  // always one component after the other
  };

  // `root` must be the absolute path of an existing directory; throws FsError
  // otherwise. Clears the umask of the process, so that files and directories
  // get exactly the permissions that the caller passes.
  explicit PosixFs(const HostPath& root, Lookup lookup = Lookup::kAuto);
  ~PosixFs() override;
  PosixFs(const PosixFs&) = delete;
  PosixFs& operator=(const PosixFs&) = delete;

  // Adds each byte that ReadAt returns from now on to `count`, which must
  // outlive this. Call it before several threads read.
  void CountReads(ByteCount* count) { read_count_ = count; }

  // Never blocks: with kRead a fifo opens even without a writer. ReadAt then
  // fails for a fifo or a directory.
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
  void SetModified(Handle handle, const std::string& path,
                   std::int64_t modified) override;
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
  ByteCount* read_count_ = nullptr;
};

}  // namespace release

#endif  // RELEASE_OS_POSIX_FS_H_
