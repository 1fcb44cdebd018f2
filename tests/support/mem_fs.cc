#include "support/mem_fs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"

namespace release {
namespace {

using Lock = std::lock_guard<std::mutex>;

bool IsDirectory(const MemInode& inode) {
  return inode.type == FileType::kDirectory;
}

MemInode NewInode(FileType type, unsigned mode, std::string content = "") {
  MemInode inode;
  inode.type = type;
  inode.mode = mode & 07777;
  inode.content = std::move(content);
  return inode;
}

}  // namespace

MemFs::MemFs() = default;

MemFs::MemFs(const MemFs& other) : Fs() { *this = other; }

MemFs& MemFs::operator=(const MemFs& other) {
  if (this == &other) return *this;
  const std::scoped_lock lock(mutex_, other.mutex_);
  Assign(other);
  return *this;
}

void MemFs::Assign(const MemFs& other) {
  disk_ = other.disk_;
  opened_ = other.opened_;
  locks_ = other.locks_;
  next_handle_ = other.next_handle_;
  operations_ = other.operations_;
  budget_ = other.budget_;
  syncs_ = other.syncs_;
  space_ = other.space_;
  clones_ = other.clones_;
}

MemFs::Found MemFs::Find(Handle dir, const std::string& path,
                         PathUse use) const {
  Found found;
  found.error = PathError(path, use);
  if (found.error != 0) return found;
  Ino at = kRootIno;
  if (dir != kRoot) {
    const auto opened = opened_.find(dir);
    if (opened == opened_.end()) return Found{EBADF, 0, "", 0, ""};
    at = opened->second.ino;
    found.label = opened->second.path;
  }
  found.label = JoinPath(found.label, path);
  if (!IsDirectory(disk_.live().At(at))) return Found{ENOTDIR, 0, "", 0, ""};
  if (path.empty() || path == ".") {
    found.parent = found.ino = at;
    return found;
  }
  // Every component but the last must be a directory. A symbolic link on the
  // way is an error (ELOOP), as with openat2 and RESOLVE_NO_SYMLINKS.
  std::size_t start = 0;
  for (std::size_t end; (end = path.find('/', start)) != std::string::npos;
       start = end + 1) {
    const auto& entries = disk_.live().At(at).entries;
    const auto next = entries.find(path.substr(start, end - start));
    if (next == entries.end()) return Found{ENOENT, 0, "", 0, ""};
    at = next->second;
    if (IsDirectory(disk_.live().At(at))) continue;
    const bool link = disk_.live().At(at).type == FileType::kSymlink;
    return Found{link ? ELOOP : ENOTDIR, 0, "", 0, ""};
  }
  found.parent = at;
  found.leaf = path.substr(start);
  const auto& entries = disk_.live().At(at).entries;
  const auto last = entries.find(found.leaf);
  if (last != entries.end()) found.ino = last->second;
  return found;
}

MemFs::Found MemFs::Want(std::string_view operation, Handle dir,
                         const std::string& path, PathUse use,
                         Wanted wanted) const {
  Found found = Find(dir, path, use);
  int error = found.error;
  if (error == 0 && wanted == Wanted::kPresent && found.ino == kNoIno) {
    error = ENOENT;
  }
  if (error == 0 && wanted == Wanted::kAbsent) {
    if (found.ino != kNoIno) {
      error = EEXIST;
    } else if (disk_.live().At(found.parent).links == 0) {
      error = ENOENT;  // the directory itself has been removed
    }
  }
  if (error == 0) return found;
  throw FsError(operation, found.label.empty() ? path : found.label, error);
}

MemFs::OpenFile* MemFs::At(std::string_view operation, Handle handle) {
  const auto opened = opened_.find(handle);
  if (opened != opened_.end()) return &opened->second;
  throw FsError(operation, fmt::format("handle {}", handle),
                handle == kRoot ? EISDIR : EBADF);
}

Fs::Handle MemFs::Keep(OpenFile file) {
  opened_.emplace(next_handle_, std::move(file));
  return next_handle_++;
}

void MemFs::Tick() {
  if (budget_ && *budget_ == 0) throw CrashNow{};
  if (budget_) --*budget_;
  if (look_) look_(KilledWhileLocked());
  ++operations_;
}

int MemFs::OpenError(const Found& found, OpenMode mode) const {
  if (found.error != 0) return found.error;
  if (found.ino == kNoIno) {
    // The other modes create the file, unless its directory was removed.
    if (mode == OpenMode::kRead || mode == OpenMode::kAppend) return ENOENT;
    return disk_.live().At(found.parent).links == 0 ? ENOENT : 0;
  }
  if (mode == OpenMode::kCreateNew) return EEXIST;
  const MemInode& inode = disk_.live().At(found.ino);
  if (inode.type == FileType::kSymlink) return ELOOP;
  return mode != OpenMode::kRead && IsDirectory(inode) ? EISDIR : 0;
}

Fs::Handle MemFs::Open(Handle dir, const std::string& path, OpenMode mode,
                       unsigned permissions) {
  const Lock lock(mutex_);
  Found found = Find(dir, path, PathUse::kName);
  const int error = OpenError(found, mode);
  if (error != 0) {
    throw FsError(mode == OpenMode::kCreateNew ? "create" : "open",
                  found.label.empty() ? path : found.label, error);
  }
  if (found.ino == kNoIno) {
    found.ino = disk_.live().next();
    Tick();
    disk_.AddNew(found.parent, found.leaf,
                 NewInode(FileType::kFile, permissions));
  }
  const bool writable = mode != OpenMode::kRead;
  return Keep({found.ino, found.label, writable, mode == OpenMode::kAppend, 0});
}

Fs::Handle MemFs::OpenDirectory(Handle dir, const std::string& path) {
  const Lock lock(mutex_);
  const Found found =
      Want("open directory", dir, path, PathUse::kLook, Wanted::kPresent);
  if (!IsDirectory(disk_.live().At(found.ino))) {
    throw FsError("open directory", found.label, ENOTDIR);
  }
  return Keep({found.ino, found.label, false, false, 0});
}

void MemFs::Close(Handle handle) noexcept {
  const Lock lock(mutex_);
  opened_.erase(handle);
  std::erase_if(locks_,
                [&](const auto& held) { return held.second == handle; });
}

std::size_t MemFs::ReadAt(Handle file, std::span<char> buffer,
                          std::uint64_t offset) {
  const Lock lock(mutex_);
  const OpenFile* opened = At("read", file);
  const MemInode& inode = disk_.live().At(opened->ino);
  if (IsDirectory(inode)) throw FsError("read", opened->path, EISDIR);
  if (offset >= inode.content.size()) return 0;
  return inode.content.copy(buffer.data(), buffer.size(), offset);
}

void MemFs::Write(Handle file, std::string_view data) {
  const Lock lock(mutex_);
  OpenFile* opened = At("write", file);
  if (!opened->writable) throw FsError("write", opened->path, EBADF);
  if (data.empty()) return;
  Tick();
  if (opened->append)
    opened->offset = disk_.live().At(opened->ino).content.size();
  disk_.AddWrite(opened->ino, opened->offset, std::string(data));
  opened->offset += data.size();
}

void MemFs::Truncate(Handle file, std::uint64_t size) {
  const Lock lock(mutex_);
  const OpenFile* opened = At("truncate", file);
  if (!opened->writable) throw FsError("truncate", opened->path, EINVAL);
  Tick();
  Change change;
  change.kind = Change::Kind::kTruncate;
  change.ino = opened->ino;
  change.offset = size;
  disk_.Add(std::move(change));
}

void MemFs::Reserve(Handle file, std::uint64_t size) {
  const Lock lock(mutex_);
  const OpenFile* opened = At("reserve space for", file);
  if (!opened->writable || size == 0) {
    throw FsError("reserve space for", opened->path,
                  size == 0 ? EINVAL : EBADF);
  }
  Tick();
}

void MemFs::MakeDirectory(Handle dir, const std::string& path,
                          unsigned permissions) {
  const Lock lock(mutex_);
  const Found found =
      Want("make directory", dir, path, PathUse::kName, Wanted::kAbsent);
  Tick();
  disk_.AddNew(found.parent, found.leaf,
               NewInode(FileType::kDirectory, permissions));
}

void MemFs::MakeSymlink(const std::string& target, Handle dir,
                        const std::string& path) {
  const Lock lock(mutex_);
  if (target.empty()) throw FsError("make symbolic link", path, ENOENT);
  const Found found =
      Want("make symbolic link", dir, path, PathUse::kName, Wanted::kAbsent);
  Tick();
  disk_.AddNew(found.parent, found.leaf,
               NewInode(FileType::kSymlink, 0777, target));
}

// Walks the subtree of `ancestor`; inodes do not record their parents. Test
// trees are small.
bool MemFs::IsBeneath(Ino ino, Ino ancestor) const {
  if (ino == ancestor) return true;
  for (const auto& [name, child] : disk_.live().At(ancestor).entries) {
    if (IsDirectory(disk_.live().At(child)) && IsBeneath(ino, child))
      return true;
  }
  return false;
}

int MemFs::ReplaceError(const Found& from, const Found& to) const {
  if (to.ino == kNoIno) return 0;
  const MemInode& moved = disk_.live().At(from.ino);
  const MemInode& replaced = disk_.live().At(to.ino);
  // The source is inside the directory that it would replace, so that directory
  // is not empty. The kernel checks this before the types.
  if (IsDirectory(replaced) && IsBeneath(from.parent, to.ino)) {
    return ENOTEMPTY;
  }
  if (IsDirectory(moved) && !IsDirectory(replaced)) return ENOTDIR;
  if (!IsDirectory(moved) && IsDirectory(replaced)) return EISDIR;
  return replaced.entries.empty() ? 0 : ENOTEMPTY;
}

int MemFs::RenameError(const Found& from, const Found& to,
                       RenameMode mode) const {
  if (from.ino == kNoIno) return ENOENT;
  if (mode == RenameMode::kNoReplace && to.ino != kNoIno) return EEXIST;
  if (mode == RenameMode::kExchange && to.ino == kNoIno) return ENOENT;
  if (IsDirectory(disk_.live().At(from.ino)) &&
      IsBeneath(to.parent, from.ino)) {
    return EINVAL;
  }
  if (disk_.live().At(to.parent).links == 0) return ENOENT;
  if (mode == RenameMode::kExchange) {
    return IsDirectory(disk_.live().At(to.ino)) &&
                   IsBeneath(from.parent, to.ino)
               ? EINVAL
               : 0;
  }
  return from.ino == to.ino ? 0 : ReplaceError(from, to);
}

void MemFs::Rename(Handle dir, const std::string& from, Handle new_dir,
                   const std::string& to, RenameMode mode) {
  const Lock lock(mutex_);
  const std::string operation = fmt::format("rename {} to", Quoted(from));
  const Found source = Want(operation, dir, from, PathUse::kName, Wanted::kAny);
  const Found target =
      Want(operation, new_dir, to, PathUse::kName, Wanted::kAny);
  const int error = RenameError(source, target, mode);
  if (error != 0) throw FsError(operation, target.label, error);
  Tick();
  if (source.ino == target.ino) return;
  // A rename is two changes of entries: `left` takes the place of the source
  // name (nothing, or the other inode of an exchange) and the source inode
  // takes the target name. In one directory they are one change; between two
  // they share a group, so that a power cut keeps or loses both.
  const Ino left = mode == RenameMode::kExchange ? target.ino : kNoIno;
  Change removed;
  removed.ino = source.parent;
  removed.group = disk_.NewGroup();
  removed.entries = {{source.leaf, left}};
  Change made;
  made.ino = target.parent;
  made.group = removed.group;
  made.entries = {{target.leaf, source.ino}};
  if (source.parent == target.parent) {
    removed.entries.push_back(made.entries.front());
  }
  disk_.Add(std::move(removed));
  if (source.parent != target.parent) disk_.Add(std::move(made));
}

bool MemFs::Remove(Handle dir, const std::string& path, bool directory) {
  const Lock lock(mutex_);
  const Found found = Find(dir, path, PathUse::kName);
  int error = found.error;
  if (error == ENOENT || error == ENOTDIR) return false;
  if (error == 0 && found.ino == kNoIno) return false;
  if (error == 0) {
    const MemInode& inode = disk_.live().At(found.ino);
    if (IsDirectory(inode) != directory) {
      error = directory ? ENOTDIR : EISDIR;
    } else if (!inode.entries.empty()) {
      error = ENOTEMPTY;
    }
  }
  if (error != 0) throw FsError("remove", path, error);
  Tick();
  disk_.AddEntry(found.parent, found.leaf, kNoIno);
  return true;
}

bool MemFs::RemoveFile(Handle dir, const std::string& path) {
  return Remove(dir, path, false);
}

bool MemFs::RemoveDirectory(Handle dir, const std::string& path) {
  return Remove(dir, path, true);
}

std::optional<FileInfo> MemFs::Stat(Handle dir, const std::string& path) {
  const Lock lock(mutex_);
  const Found found = Find(dir, path, PathUse::kLook);
  if (found.error == ENOENT || found.error == ENOTDIR) return std::nullopt;
  if (found.error != 0) throw FsError("examine", path, found.error);
  if (found.ino == kNoIno) return std::nullopt;
  return InfoOf(found.ino);
}

FileInfo MemFs::StatHandle(Handle handle) {
  const Lock lock(mutex_);
  return InfoOf(handle == kRoot ? kRootIno : At("examine", handle)->ino);
}

FileInfo MemFs::InfoOf(Ino ino) const {
  const MemInode& inode = disk_.live().At(ino);
  FileInfo info;
  info.type = inode.type;
  info.mode = inode.mode;
  info.size = inode.content.size();
  info.stored = info.size;
  info.device = 1;
  info.inode = ino;
  info.links = inode.links;
  info.modified = inode.modified / kTick;
  info.modified_exactly = inode.modified;
  info.changed = inode.changed;
  info.owner = inode.owner;
  info.group = inode.group;
  return info;
}

std::optional<std::string> MemFs::ReadLink(Handle dir,
                                           const std::string& path) {
  const Lock lock(mutex_);
  const Found found = Find(dir, path, PathUse::kLook);
  if (found.error == ENOENT || found.error == ENOTDIR) return std::nullopt;
  if (found.error != 0) throw FsError("read link", path, found.error);
  if (found.ino == kNoIno) return std::nullopt;
  const MemInode& inode = disk_.live().At(found.ino);
  if (inode.type != FileType::kSymlink) {
    throw FsError("read link", found.label, EINVAL);
  }
  return inode.content;
}

std::vector<DirEntry> MemFs::List(Handle dir, const std::string& path) {
  const Lock lock(mutex_);
  const Found found =
      Want("open directory", dir, path, PathUse::kLook, Wanted::kPresent);
  const MemInode& directory = disk_.live().At(found.ino);
  if (!IsDirectory(directory)) {
    throw FsError("open directory", found.label, ENOTDIR);
  }
  std::vector<DirEntry> entries;
  for (const auto& [name, ino] : directory.entries) {
    entries.push_back({name, disk_.live().At(ino).type});
  }
  return entries;
}

SpaceInfo MemFs::Space() { return space_; }

void MemFs::Sync(Handle handle) {
  const Lock lock(mutex_);
  const bool root = handle == kRoot;
  const Ino ino = root ? kRootIno : At("sync", handle)->ino;
  const std::string name = root ? "" : At("sync", handle)->path;
  Tick();
  if (syncs_.Note(name)) disk_.Sync(ino);
}

void MemFs::SyncTree(Handle handle) {
  const Lock lock(mutex_);
  // At is called for its check of the handle.
  if (handle != kRoot) At("sync the file system of", handle);
  Tick();
  if (syncs_.Note("tree")) disk_.SyncAll();
}

bool MemFs::TryLock(Handle file) {
  const Lock lock(mutex_);
  const Ino ino = file == kRoot ? kRootIno : At("lock", file)->ino;
  return locks_.emplace(ino, file).first->second == file;
}

}  // namespace release
