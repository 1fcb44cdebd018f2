// A file system in memory that can lose power.
//
// It answers as the machine does, errno for errno (tests/os/fs_contract_test.cc
// holds it to that), and keeps two images: what a reader sees, and what is
// durable. Each mutating call appends changes to a pending list, each of one
// inode: a directory's entries, a file's content, mode or owner. Sync of a
// handle makes the pending changes of its inode durable, SyncTree all of them.
// Syncing a new file does not make its name durable; syncing one directory of
// a rename between two makes durable that directory's half, but both halves
// where it moves a directory: that has one parent, on every disk.
//
// Copies are cheap and independent. Safe for several threads.
#ifndef RELEASE_TESTS_SUPPORT_MEM_FS_H_
#define RELEASE_TESTS_SUPPORT_MEM_FS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "os/fs.h"
#include "os/path_rules.h"
#include "support/mem_image.h"

namespace release {

// Thrown in place of the first call that the process did not live to make. Not
// a std::exception, so that no handler for errors takes it for one.
struct CrashNow {};

class MemFs : public Fs {
 public:
  // An empty root directory, durable.
  MemFs();
  MemFs(const MemFs& other);
  MemFs& operator=(const MemFs& other);

  // -- stopping
  // Mutating and syncing calls so far. One that failed changed nothing and is
  // not counted.
  std::uint64_t operations() const { return operations_; }
  // After `count` more of them each further one throws CrashNow.
  void CrashAfter(std::uint64_t count) { budget_ = count; }
  // What a new process finds after `kill -9`: all that was visible, still as
  // little durable as before. No handles, no locks, no crash set, counts of 0.
  MemFs Killed() const;
  // What it finds after a power cut, each distinct disk once; see
  // support/power_cut.h for which ones those are. Nothing is pending then.
  void ForEachPowerCut(const std::function<void(MemFs)>& visit) const;

  // -- leaving out a sync
  // A sync is named by what its handle was opened as: the path from the root
  // ("" is the root itself), or "tree" for any SyncTree. The name stays when
  // the file is renamed later.
  // From now on Sync of `name` succeeds and does nothing: the `occurrence`-th
  // from now, or each one where that is 0. Killed and power-cut copies keep
  // that, with the occurrences counted so far. It still counts as an operation.
  void IgnoreSync(const std::string& name, unsigned occurrence = 0);
  // The name of each sync so far, ignored ones too.
  const std::vector<std::string>& syncs() const { return syncs_; }

  // -- looking
  // Bytes that two MemFs share exactly where they look the same and can lose
  // the same. Modification times and inode numbers do not count.
  std::string Image() const;
  // One line for each name that is visible, for people.
  std::string Tree() const { return live_.Tree(); }
  // How many changes a power cut could lose.
  std::size_t pending() const { return pending_.size(); }
  std::size_t open_handles() const { return opened_.size(); }
  void SetSpace(const SpaceInfo& space) { space_ = space; }
  // Whether CloneContent works, as on xfs, or does not, as on ext4.
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

  // A path looked up as far as it goes.
  struct Found {
    int error = 0;  // of the lookup; the rest is unset then
    Ino parent = kNoIno;
    std::string leaf;   // empty: the directory itself
    Ino ino = kNoIno;   // kNoIno: there is nothing of that name
    std::string label;  // the path from the root
  };

  struct IgnoredSync {
    std::string name;
    unsigned left = 0;  // calls until the one to ignore; 0: all are ignored
  };

  explicit MemFs(MemImage image);

  Found Find(Handle dir, const std::string& path, PathUse use) const;
  // As Find; throws where the lookup fails, or where the name must exist or
  // must not and that is not so.
  enum class Wanted { kAny, kPresent, kAbsent };
  Found Want(std::string_view operation, Handle dir, const std::string& path,
             PathUse use, Wanted wanted) const;
  OpenFile* At(std::string_view operation, Handle handle);
  Handle Keep(OpenFile file);
  int OpenError(const Found& found, OpenMode mode) const;

  bool Remove(Handle dir, const std::string& path, bool directory);
  void Tick();
  void Add(Change change);
  void AddEntry(Ino directory, const std::string& name, Ino ino);
  void AddNew(const Found& found, MemInode inode);
  void AddWrite(Ino ino, std::uint64_t offset, std::string data);
  FileInfo InfoOf(Ino ino) const;
  int RenameError(const Found& from, const Found& to, RenameMode mode) const;
  int ReplaceError(const Found& from, const Found& to) const;
  bool IsBeneath(Ino ino, Ino ancestor) const;
  bool Ignored(const std::string& name);
  // Groups of pending changes that make or move a directory.
  std::set<std::uint64_t> MovesOfDirectories() const;
  // Makes durable what is left of those groups.
  void FinishMoves(const std::set<std::uint64_t>& moves);

  mutable std::mutex mutex_;
  MemImage live_;
  MemImage durable_;
  std::vector<ChangePtr> pending_;
  std::map<Handle, OpenFile> opened_;
  std::map<Ino, Handle> locks_;
  Handle next_handle_ = 100;
  std::uint64_t next_group_ = 1;
  std::int64_t now_ = 1;
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> budget_;
  std::vector<IgnoredSync> ignored_;
  std::vector<std::string> syncs_;
  SpaceInfo space_{std::uint64_t{1} << 40, 1'000'000, 2'000'000};
  bool clones_ = true;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_MEM_FS_H_
