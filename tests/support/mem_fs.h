// A file system in memory that can lose power.
//
// It returns the same errno as the kernel in each case
// (tests/os/fs_contract_test.cc checks this), and keeps two images: the visible
// one and the durable one. Each mutating call appends changes to a pending
// list, each of one inode: a directory's entries, a file's content, mode or
// owner. Sync of a handle makes the pending changes of its inode durable,
// SyncTree all of them. Syncing a new file does not make its name durable.
// After a rename between two directories, syncing one of them makes only that
// half durable; but if the renamed entry is itself a directory, both halves
// become durable, because a directory has exactly one parent on every real file
// system.
//
// Copies are cheap and independent. Several threads may use one MemFs.
#ifndef RELEASE_TESTS_SUPPORT_MEM_FS_H_
#define RELEASE_TESTS_SUPPORT_MEM_FS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/fs.h"
#include "os/path_rules.h"
#include "support/mem_disk.h"
#include "support/mem_image.h"
#include "support/sync_log.h"

namespace release {

// Thrown by the first call that comes after the simulated death of the process.
// It does not derive from std::exception, so that error handlers do not catch
// it.
struct CrashNow {};

class MemFs : public Fs {
 public:
  // Makes an empty root directory, which is durable.
  MemFs();
  MemFs(const MemFs& other);
  MemFs& operator=(const MemFs& other);

  // -- stopping The number of mutating and syncing calls so far. A failed call
  // changes nothing and is not counted.
  std::uint64_t operations() const { return operations_; }
  // After `count` more mutating or syncing calls, each further one throws
  // CrashNow.
  void CrashAfter(std::uint64_t count) { budget_ = count; }
  // Before each further mutating or syncing call, calls `look` with what a kill
  // now would leave (see Killed). Copies do not inherit `look`.
  void BeforeEachOperation(std::function<void(MemFs)> look) {
    look_ = std::move(look);
  }
  // Returns the file system that a new process finds after `kill -9`: the same
  // visible and durable images, but without open handles, locks and a planned
  // crash, and with counts of 0.
  MemFs Killed() const;
  // Calls `visit` with each distinct file system that a power cut can leave
  // (see support/power_cut.h), without pending changes.
  void ForEachPowerCut(const std::function<void(MemFs)>& visit) const;

  // -- leaving out a sync The name of a sync is the path under which its handle
  // was opened, from the root ("" is the root itself), or "tree" for any
  // SyncTree. A later rename of the file does not change that name. Makes the
  // `occurrence`-th Sync of `name` from now, or each one if that is 0, succeed
  // without effect. An ignored sync still counts as an operation. Killed and
  // power-cut copies inherit this, with the occurrences counted so far.
  void IgnoreSync(const std::string& name, unsigned occurrence = 0) {
    syncs_.Ignore(name, occurrence);
  }
  // The name of each sync so far, including ignored ones.
  const std::vector<std::string>& syncs() const { return syncs_.names(); }

  // -- looking Returns a digest that is equal for two MemFs if and only if
  // their visible content, durable content and pending changes are equal.
  // Modification times and inode numbers are left out.
  std::string Image() const;
  // Lists the visible names, one per line, for test messages.
  std::string Tree() const { return disk_.live().Tree(); }
  // The number of changes that a power cut could lose.
  std::size_t pending() const { return disk_.pending(); }
  std::size_t open_handles() const { return opened_.size(); }
  void SetSpace(const SpaceInfo& space) { space_ = space; }
  // Sets whether CloneContent works, or fails with EOPNOTSUPP as on ext4.
  void SetClones(bool clones) { clones_ = clones; }

  // -- Fs
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
  struct OpenFile {
    Ino ino = kNoIno;
    std::string path;  // as opened, from the root
    bool writable = false;
    bool append = false;
    std::uint64_t offset = 0;
  };

  // The result of a path lookup.
  struct Found {
    int error = 0;  // of the lookup; if set, the rest is not
    Ino parent = kNoIno;
    std::string leaf;   // empty: the path is `dir` itself
    Ino ino = kNoIno;   // kNoIno: the name does not exist
    std::string label;  // the path from the root
  };

  Found Find(Handle dir, const std::string& path, PathUse use) const;
  // As Find, but throws FsError if the lookup fails, if the name must exist and
  // does not, or if it must not exist and does.
  enum class Wanted { kAny, kPresent, kAbsent };
  Found Want(std::string_view operation, Handle dir, const std::string& path,
             PathUse use, Wanted wanted) const;
  // Returns the open file. Throws FsError EBADF for an unknown handle, EISDIR
  // for kRoot.
  OpenFile* At(std::string_view operation, Handle handle);
  Handle Keep(OpenFile file);
  // Returns the errno that Open must fail with, or 0.
  int OpenError(const Found& found, OpenMode mode) const;

  // Takes over what copies inherit. The caller must hold the locks of both.
  void Assign(const MemFs& other);
  MemFs KilledWhileLocked() const;

  bool Remove(Handle dir, const std::string& path, bool directory);
  // Counts a mutating or syncing call; throws CrashNow if the budget of
  // CrashAfter is used up. Each such call makes its checks first, calls Tick,
  // and then changes the images, so that a crash leaves the state before the
  // call.
  void Tick();
  FileInfo InfoOf(Ino ino) const;
  int RenameError(const Found& from, const Found& to, RenameMode mode) const;
  int ReplaceError(const Found& from, const Found& to) const;
  bool IsBeneath(Ino ino, Ino ancestor) const;

  mutable std::mutex mutex_;
  MemDisk disk_;
  std::map<Handle, OpenFile> opened_;
  std::map<Ino, Handle> locks_;
  Handle next_handle_ = 100;
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> budget_;
  std::function<void(MemFs)> look_;
  SyncLog syncs_;
  SpaceInfo space_{std::uint64_t{1} << 40, 1'000'000, 2'000'000};
  bool clones_ = true;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_MEM_FS_H_
