// The part of MemFs that sets modes, owners and times.
#include <cerrno>
#include <utility>

#include "support/mem_fs.h"

namespace release {

using Lock = std::lock_guard<std::mutex>;

void MemFs::SetMode(Handle dir, const std::string& path, unsigned permissions) {
  const Lock lock(mutex_);
  const Found found =
      Want("set the mode of", dir, path, PathUse::kLook, Wanted::kPresent);
  if (disk_.live().At(found.ino).type == FileType::kSymlink) {
    throw FsError("set the mode of", found.label, EOPNOTSUPP);
  }
  Tick();
  Change change;
  change.kind = Change::Kind::kMode;
  change.ino = found.ino;
  change.mode = permissions & 07777;
  disk_.Add(std::move(change));
}

void MemFs::SetOwner(Handle dir, const std::string& path, std::uint32_t owner,
                     std::uint32_t group) {
  const Lock lock(mutex_);
  constexpr std::string_view kVerb = "set the owner of";
  const Ino ino =
      path.empty() && dir != kRoot
          ? At(kVerb, dir)->ino
          : Want(kVerb, dir, path, PathUse::kLook, Wanted::kPresent).ino;
  Tick();
  Change change;
  change.kind = Change::Kind::kOwner;
  change.ino = ino;
  change.owner = owner;
  change.owner_group = group;
  disk_.Add(std::move(change));
}

// A power cut never loses a time here: images leave times out, so losing them
// would only multiply equal outcomes.
void MemFs::SetModified(Handle handle, const std::string& path,
                        std::int64_t modified) {
  const Lock lock(mutex_);
  Ino ino = handle == kRoot ? kRootIno : kNoIno;
  if (!path.empty()) {
    ino =
        Want("set the time of", handle, path, PathUse::kLook, Wanted::kPresent)
            .ino;
  } else if (handle != kRoot) {
    ino = At("set the time of", handle)->ino;
  }
  Tick();
  Change change;
  change.kind = Change::Kind::kModified;
  change.ino = ino;
  change.time = modified;
  change.modified = disk_.live().At(ino).changed;
  disk_.AddDurable(change);
}

}  // namespace release
