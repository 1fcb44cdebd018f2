// Interface to the file system.
//
// Every change the command makes to a disk goes through an Fs, which sees one
// tree: usually the app's root. There are two implementations: PosixFs for the
// machine and MemFs for tests. FaultFs wraps either and makes the n-th call
// fail. The suite tests/os/fs_contract_test.cc checks that all of them keep
// this contract.
//
// Paths are relative to an open directory and never lead outside the root: no
// component may be "..", and only the last may be a symbolic link. Calls act on
// that link itself and never follow it. "" or "." names the open directory.
// os/path_rules.h says which paths are refused, and with which errno. A link
// before the last component fails with ELOOP.
//
// Each call is one primitive of the operating system, so that a test can stop
// the command between any two of them. Operations that combine several, such as
// an atomic write, are in store/durable.h.
//
// Durability: no change is durable when its call returns. Only Sync and
// SyncTree make changes durable. Before that, a power cut may keep or lose each
// change independently of the others.
//
// Errors: a call that fails throws FsError. Absence is not a failure if the
// return type can express it (optional, bool). A path that goes through a file
// as if it were a directory counts as absent.
#ifndef RELEASE_OS_FS_H_
#define RELEASE_OS_FS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace release {

// A failed call: the operation, the path and errno. The code follows from
// errno: kNoSpace for ENOSPC and EDQUOT, kPermissionDenied for EACCES and
// EPERM, kReadOnly for EROFS, kIoError for all others. A failed Sync or
// SyncTree always has kSyncFailed.
class FsError : public Error {
 public:
  FsError(std::string_view operation, const std::string& path,
          int error_number);
  // The error of a failed Sync or SyncTree.
  static FsError OfSync(std::string_view operation, const std::string& path,
                        int error_number);
  int error_number() const { return error_number_; }

 private:
  FsError(ErrorCode code, std::string_view operation, const std::string& path,
          int error_number);

  int error_number_;
};

enum class FileType { kFile, kDirectory, kSymlink, kOther };

struct FileInfo {
  FileType type = FileType::kOther;
  unsigned mode = 0;          // permission bits only, 07777
  std::uint64_t size = 0;     // bytes; for a symlink, the length of its target
  std::uint64_t stored = 0;   // bytes on disk; fewer in a sparse file
  std::uint64_t device = 0;   // identifies the file system
  std::uint64_t inode = 0;    // identifies the file on it
  std::uint64_t links = 0;    // number of names
  std::int64_t modified = 0;  // seconds since 1970
  // The same time in nanoseconds, as SetModified takes it.
  std::int64_t modified_exactly = 0;
  // Time of the last change of content or attributes (ctime), in nanoseconds
  // since 1970. For a directory this includes its entries. The kernel's clock
  // advances only every few milliseconds, so two changes can have the same
  // time. Programs cannot set it, so it reveals changes that hide behind
  // `modified`.
  std::int64_t changed = 0;
  std::uint32_t owner = 0;  // uid
  std::uint32_t group = 0;  // gid
};

struct DirEntry {
  std::string name;
  FileType type = FileType::kOther;
};

struct SpaceInfo {
  std::uint64_t free_bytes = 0;   // available to this caller
  std::uint64_t free_inodes = 0;  // meaningless if total_inodes is 0
  std::uint64_t total_inodes = 0;
};

enum class OpenMode {
  kRead,       // an existing file
  kCreateNew,  // a new file, for writing; EEXIST if the name is taken
  kAppend,     // an existing file; every write goes to its end
  kLockFile,   // created if absent; for TryLock and the holder's description
};

enum class RenameMode {
  kReplace,    // replaces the file or link that has the new name
  kNoReplace,  // EEXIST if the new name is taken
  kExchange,   // swaps the two names; both must exist
};

class Fs {
 public:
  // An open file or directory. Closed by Close, or by the ScopedHandle that
  // owns it.
  using Handle = int;
  static constexpr Handle kRoot = -1;  // the root itself; never closed

  virtual ~Fs() = default;

  // -- open files and directories
  virtual Handle Open(Handle dir, const std::string& path, OpenMode mode,
                      unsigned permissions = 0600) = 0;
  virtual Handle OpenDirectory(Handle dir, const std::string& path) = 0;
  virtual void Close(Handle handle) noexcept = 0;

  // Reads up to buffer.size() bytes from `offset`. Returns 0 at the end.
  virtual std::size_t ReadAt(Handle file, std::span<char> buffer,
                             std::uint64_t offset) = 0;
  // Writes all of `data` at the handle's position and advances it. With
  // kAppend, writes at the end of the file.
  virtual void Write(Handle file, std::string_view data) = 0;
  // Writes all of `data` at `offset`; the handle's position does not change.
  // Not allowed with kAppend.
  virtual void WriteAt(Handle file, std::string_view data,
                       std::uint64_t offset) = 0;
  // Makes the empty file `to` a copy of `from` that shares its blocks until one
  // of the two is written (reflink). EOPNOTSUPP if the file system cannot. On
  // failure `to` stays empty.
  virtual void CloneContent(Handle from, Handle to) = 0;
  // Sets the size in bytes.
  virtual void Truncate(Handle file, std::uint64_t size) = 0;
  // Reserves blocks for the first `size` bytes of an empty file, whose size
  // stays 0. Writing these bytes, or others in the same blocks, then needs no
  // free space.
  virtual void Reserve(Handle file, std::uint64_t size) = 0;

  // -- names
  virtual void MakeDirectory(Handle dir, const std::string& path,
                             unsigned permissions) = 0;
  virtual void MakeSymlink(const std::string& target, Handle dir,
                           const std::string& path) = 0;
  // Gives a file or a symbolic link a second name.
  virtual void MakeHardLink(Handle dir, const std::string& existing,
                            Handle new_dir, const std::string& path) = 0;
  // Gives the open file a further name, even if its old names now belong to
  // other files. ENOENT if it has no name left.
  virtual void LinkOpened(Handle file, Handle dir, const std::string& path) = 0;
  // Atomic: a reader sees the old state or the new one. Renaming one name of a
  // file over another of the same file does nothing (POSIX), so both remain.
  virtual void Rename(Handle dir, const std::string& from, Handle new_dir,
                      const std::string& to, RenameMode mode) = 0;
  // Return false if the name does not exist.
  virtual bool RemoveFile(Handle dir, const std::string& path) = 0;
  virtual bool RemoveDirectory(Handle dir, const std::string& path) = 0;
  virtual void SetMode(Handle dir, const std::string& path,
                       unsigned permissions) = 0;
  // An empty path names what `dir` has open, a file too.
  virtual void SetOwner(Handle dir, const std::string& path,
                        std::uint32_t owner, std::uint32_t group) = 0;
  // Sets the modification time in nanoseconds since 1970, which the file system
  // may round down. An empty path means the open file or directory itself.
  virtual void SetModified(Handle handle, const std::string& path,
                           std::int64_t modified) = 0;

  // -- looking; symbolic links are not followed
  virtual std::optional<FileInfo> Stat(Handle dir, const std::string& path) = 0;
  // Same as Stat, for an open file or directory.
  virtual FileInfo StatHandle(Handle handle) = 0;
  // Returns whether the open file has extended attributes, such as an access
  // list or capabilities. Ignores the label that SELinux gives every file.
  virtual bool HasAttributes(Handle file) = 0;
  virtual std::optional<std::string> ReadLink(Handle dir,
                                              const std::string& path) = 0;
  // Returns the entries except "." and "..", in no particular order.
  virtual std::vector<DirEntry> List(Handle dir, const std::string& path) = 0;
  virtual SpaceInfo Space() = 0;

  // -- durability
  // Makes a file's content and size durable, or a directory's entries (created,
  // renamed and removed ones; also for kRoot). After a failure the changes may
  // be lost: the kernel reports a write error only once, so a second Sync could
  // succeed without having written them.
  virtual void Sync(Handle handle) = 0;
  // Makes everything on the file system durable. Reports write errors that
  // occurred since `handle` was opened, so open it before the first write.
  virtual void SyncTree(Handle handle) = 0;

  // -- the lock
  // Takes the exclusive lock on an open file without waiting. Returns false if
  // another process holds it. The lock lasts until Close or the process's
  // death.
  virtual bool TryLock(Handle file) = 0;
};

// Owns a handle and closes it on destruction. Movable.
class ScopedHandle {
 public:
  ScopedHandle() = default;
  ScopedHandle(Fs* fs, Fs::Handle handle) : fs_(fs), handle_(handle) {}
  ScopedHandle(ScopedHandle&& other) noexcept
      : fs_(std::exchange(other.fs_, nullptr)), handle_(other.handle_) {}
  ScopedHandle& operator=(ScopedHandle&& other) noexcept {
    std::swap(fs_, other.fs_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ScopedHandle(const ScopedHandle&) = delete;
  ScopedHandle& operator=(const ScopedHandle&) = delete;
  ~ScopedHandle() {
    if (fs_ != nullptr) fs_->Close(handle_);
  }

  Fs::Handle get() const { return handle_; }
  explicit operator bool() const { return fs_ != nullptr; }

 private:
  Fs* fs_ = nullptr;
  Fs::Handle handle_ = Fs::kRoot;
};

}  // namespace release

#endif  // RELEASE_OS_FS_H_
