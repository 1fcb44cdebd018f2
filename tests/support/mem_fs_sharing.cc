// The part of MemFs with hard links, writes at an offset and clones.
#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "support/mem_fs.h"

namespace release {

using Lock = std::lock_guard<std::mutex>;

void MemFs::MakeHardLink(Handle dir, const std::string& existing,
                         Handle new_dir, const std::string& path) {
  const Lock lock(mutex_);
  const Found from =
      Want("link", dir, existing, PathUse::kName, Wanted::kPresent);
  const std::string operation = fmt::format("link {} to", Quoted(existing));
  const Found to =
      Want(operation, new_dir, path, PathUse::kName, Wanted::kAbsent);
  if (disk_.live().At(from.ino).type == FileType::kDirectory) {
    throw FsError(operation, to.label, EPERM);
  }
  Tick();
  disk_.AddEntry(to.parent, to.leaf, from.ino);
}

void MemFs::LinkOpened(Handle file, Handle dir, const std::string& path) {
  const Lock lock(mutex_);
  const OpenFile* opened = At("link", file);
  const std::string operation = fmt::format("link {} to", Quoted(opened->path));
  const Found to = Want(operation, dir, path, PathUse::kName, Wanted::kAbsent);
  const MemInode& inode = disk_.live().At(opened->ino);
  if (inode.type == FileType::kDirectory) {
    throw FsError(operation, to.label, EPERM);
  }
  if (inode.links == 0) throw FsError(operation, to.label, ENOENT);
  Tick();
  disk_.AddEntry(to.parent, to.leaf, opened->ino);
}

void MemFs::WriteAt(Handle file, std::string_view data, std::uint64_t offset) {
  const Lock lock(mutex_);
  const OpenFile* opened = At("write", file);
  if (!opened->writable) throw FsError("write", opened->path, EBADF);
  if (data.empty()) return;
  Tick();
  disk_.AddWrite(opened->ino, offset, std::string(data));
}

// Modelled as a write, which a power cut can tear. Real file systems clone
// atomically, so tests see more outcomes here than on the machine.
void MemFs::CloneContent(Handle from, Handle to) {
  const Lock lock(mutex_);
  const OpenFile* source = At("clone", from);
  const OpenFile* opened = At("clone into", to);
  if (!opened->writable) throw FsError("clone into", opened->path, EBADF);
  if (!clones_) throw FsError("clone into", opened->path, EOPNOTSUPP);
  Tick();
  disk_.AddWrite(opened->ino, 0, disk_.live().At(source->ino).content);
}

bool MemFs::HasAttributes(Handle file) {
  const Lock lock(mutex_);
  if (file != kRoot) At("examine", file);
  return false;
}

}  // namespace release
