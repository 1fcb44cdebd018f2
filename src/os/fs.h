// The door to the file system.
//
// Everything the command does to a disk goes through one Fs, which sees one
// tree: the app's root. Two implementations exist, PosixFs for the machine and
// MemFs for tests; FaultFs wraps either and makes the n-th call fail. One
// suite, tests/os/fs_contract_test.cc, holds them all to this page.
//
// Paths are relative to an open directory and never lead outside the root: no
// component may be "..", and none but the last may be a symbolic link. The
// last is never followed either: what names a link means the link itself. To
// look at an open directory itself, give "" or ".". os/path_rules.h says which
// paths are refused, and with which errno; a link on the way is ELOOP.
//
// Each call is one primitive of the machine, so that a test can stop the
// command between any two of them. What is made of several stands above this
// door, in store/durable.h.
//
// Durability: nothing here is durable when the call returns, except what Sync
// and SyncTree say. Until then a power cut may keep or lose each change alone.
//
// Errors: a call that fails throws FsError. Absence is no failure where the
// signature has room for it (optional, bool); a file where a directory should
// be on the way is absence too.
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

// A failed call: which, on what, and errno. The code follows from errno:
// ENOSPC and EDQUOT kNoSpace, EACCES and EPERM kPermissionDenied, EROFS
// kReadOnly, every other kIoError; but any failed sync is kSyncFailed.
class FsError : public Error {
 public:
  FsError(std::string_view operation, const std::string& path,
          int error_number);
  // Of Sync or SyncTree.
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
  std::uint64_t size = 0;     // bytes; of a symlink, the length of its target
  std::uint64_t device = 0;   // which file system
  std::uint64_t inode = 0;    // which file on it
  std::uint64_t links = 0;    // names it has
  std::int64_t modified = 0;  // seconds since 1970
  // Nanoseconds since 1970, though the clock ticks every few milliseconds: the
  // last change of anything, in a directory of its entries. Nobody can set it.
  std::int64_t changed = 0;
  std::uint32_t owner = 0;  // uid
  std::uint32_t group = 0;  // gid
};

struct DirEntry {
  std::string name;
  FileType type = FileType::kOther;
};

struct SpaceInfo {
  std::uint64_t free_bytes = 0;   // that this caller may use
  std::uint64_t free_inodes = 0;  // 0 with total_inodes 0: not counted here
  std::uint64_t total_inodes = 0;
};

enum class OpenMode {
  kRead,       // an existing file
  kCreateNew,  // a new file, for writing; EEXIST where the name is taken
  kAppend,     // an existing file; every write goes to its end
  kLockFile,   // made if absent, for TryLock and its display text
};

enum class RenameMode {
  kReplace,    // whatever file or link has the new name gives it up
  kNoReplace,  // EEXIST where the new name is taken
  kExchange,   // both exist; they trade names
};

class Fs {
 public:
  // An open file or directory; closed by Close, or by the owning ScopedHandle.
  using Handle = int;
  static constexpr Handle kRoot = -1;  // the root itself; never closed

  virtual ~Fs() = default;

  // -- files and directories, opened
  virtual Handle Open(Handle dir, const std::string& path, OpenMode mode,
                      unsigned permissions = 0600) = 0;
  virtual Handle OpenDirectory(Handle dir, const std::string& path) = 0;
  virtual void Close(Handle handle) noexcept = 0;

  // Reads up to buffer.size() bytes from `offset`; 0 means the end.
  virtual std::size_t ReadAt(Handle file, std::span<char> buffer,
                             std::uint64_t offset) = 0;
  // Writes all of `data` after what this handle wrote before (kAppend: at the
  // end of the file).
  virtual void Write(Handle file, std::string_view data) = 0;
  // Writes all of `data` at `offset`, which changes nothing about where Write
  // goes on. Not for kAppend.
  virtual void WriteAt(Handle file, std::string_view data,
                       std::uint64_t offset) = 0;
  // Gives an empty file of one's own the content of another, whose blocks both
  // use until one of them is written to. EOPNOTSUPP where the file system
  // cannot; where it fails the file stays empty.
  virtual void CloneContent(Handle from, Handle to) = 0;
  // Sets the size; 0 empties it.
  virtual void Truncate(Handle file, std::uint64_t size) = 0;
  // Reserves blocks for the first `size` bytes of an empty file, leaving it
  // empty: writing them, and writing behind them in the same block, needs none.
  virtual void Reserve(Handle file, std::uint64_t size) = 0;

  // -- names
  virtual void MakeDirectory(Handle dir, const std::string& path,
                             unsigned permissions) = 0;
  virtual void MakeSymlink(const std::string& target, Handle dir,
                           const std::string& path) = 0;
  // A second name for a file or a symbolic link.
  virtual void MakeHardLink(Handle dir, const std::string& existing,
                            Handle new_dir, const std::string& path) = 0;
  // A further name for the file that is open, whatever its names mean by now.
  // ENOENT where none is left.
  virtual void LinkOpened(Handle file, Handle dir, const std::string& path) = 0;
  // Atomic for every reader. Renaming one name of a file over another name of
  // the same file does nothing (POSIX), so both names remain.
  virtual void Rename(Handle dir, const std::string& from, Handle new_dir,
                      const std::string& to, RenameMode mode) = 0;
  // False where there was none.
  virtual bool RemoveFile(Handle dir, const std::string& path) = 0;
  virtual bool RemoveDirectory(Handle dir, const std::string& path) = 0;
  virtual void SetMode(Handle dir, const std::string& path,
                       unsigned permissions) = 0;
  virtual void SetOwner(Handle dir, const std::string& path,
                        std::uint32_t owner, std::uint32_t group) = 0;

  // -- looking; nothing is followed
  virtual std::optional<FileInfo> Stat(Handle dir, const std::string& path) = 0;
  // The same of a file or directory that is open.
  virtual FileInfo StatHandle(Handle handle) = 0;
  // Whether the open file has extended attributes, such as an access list or
  // capabilities; the label that SELinux gives every file is none.
  virtual bool HasAttributes(Handle file) = 0;
  virtual std::optional<std::string> ReadLink(Handle dir,
                                              const std::string& path) = 0;
  // Every entry but "." and "..", in no order.
  virtual std::vector<DirEntry> List(Handle dir, const std::string& path) = 0;
  virtual SpaceInfo Space() = 0;

  // -- durability
  // Of a file: its bytes and size are durable. Of a directory (kRoot too): its
  // entries are, those made, renamed and removed. A failure means the changes
  // may be lost without another word; syncing again would report success and
  // prove nothing.
  virtual void Sync(Handle handle) = 0;
  // Everything on the file system written since `handle` was opened is
  // durable. Opened before the first write, it reports every write error.
  virtual void SyncTree(Handle handle) = 0;

  // -- the lock
  // Takes the exclusive lock on an open file without waiting; false where
  // another process holds it. Held until Close or the death of the process.
  virtual bool TryLock(Handle file) = 0;
};

// Owns a handle. Movable; closes on destruction.
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
