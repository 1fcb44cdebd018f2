// An Fs whose n-th call fails.
//
// It wraps another Fs and counts the calls, in total and by kind, so that a
// test can make the first call fail, then the second, until the code under test
// succeeds:
//
//   for (std::uint64_t n = 1;; ++n) {
//     FaultFs fs(&inner);
//     fs.FailAt(n, ENOSPC);
//     ...
//     if (!fs.failed()) break;
//   }
//
// Close is not counted and never fails. Several threads may use one FaultFs.
#ifndef RELEASE_TESTS_SUPPORT_FAULT_FS_H_
#define RELEASE_TESTS_SUPPORT_FAULT_FS_H_

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "os/fs.h"

namespace release {

enum class FsCall {
  kOpen,
  kOpenDirectory,
  kReadAt,
  kWrite,
  kWriteAt,
  kCloneContent,
  kTruncate,
  kReserve,
  kMakeDirectory,
  kMakeSymlink,
  kMakeHardLink,
  kLinkOpened,
  kRename,
  kRemoveFile,
  kRemoveDirectory,
  kSetMode,
  kSetOwner,
  kSetModified,
  kStat,
  kStatHandle,
  kHasAttributes,
  kReadLink,
  kList,
  kSpace,
  kSync,
  kSyncTree,
  kTryLock,
  kLast = kTryLock,
};

class FaultFs final : public Fs {
 public:
  // `inner` must outlive this object.
  explicit FaultFs(Fs* inner) : inner_(inner) {}

  // The n-th call from now on (1 is the next), or the n-th of one kind, throws
  // FsError with this errno instead of having any effect.
  void FailAt(std::uint64_t n, int error_number,
              std::optional<FsCall> kind = std::nullopt);
  // As FailAt, but each later call (of that kind) fails too, as on a disk that
  // stays full.
  void FailFrom(std::uint64_t n, int error_number,
                std::optional<FsCall> kind = std::nullopt);
  // As FailAt for the n-th Write, which writes up to `bytes` of its data before
  // it fails.
  void FailWriteAfter(std::uint64_t n, std::size_t bytes, int error_number);

  std::uint64_t calls() const;
  std::uint64_t calls(FsCall kind) const;
  // Whether a call has failed since the last Fail..., and which one, as "sync
  // releases".
  bool failed() const;
  std::string failure() const;

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
  struct Fault {
    std::optional<FsCall> kind;
    std::uint64_t left = 0;  // matching calls up to the one that fails
    int error_number = 0;
    bool stays = false;
    std::size_t bytes = 0;
  };

  void Arm(Fault fault);
  // Counts the call, and throws FsError if it must fail. `data` is the data of
  // a Write, of which FailWriteAfter writes the beginning.
  void Count(FsCall kind, Handle handle, const std::string& path,
             std::string_view data = {});
  // Whether this call must fail; counts down if the kind matches. The caller
  // must hold the lock.
  bool Strikes(FsCall kind);
  // Records the path of an open handle, for failure(). Returns `handle`.
  Handle Remember(Handle handle, Handle dir, const std::string& path);

  Fs* const inner_;
  mutable std::mutex mutex_;
  std::optional<Fault> fault_;  // nullopt: no further call fails
  std::string failure_;
  bool failed_ = false;
  std::uint64_t all_ = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(FsCall::kLast) + 1>
      by_kind_{};
  std::map<Handle, std::string> paths_;  // of open handles, from the root
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FAULT_FS_H_
