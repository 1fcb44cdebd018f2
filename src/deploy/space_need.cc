#include "deploy/space_need.h"

#include "store/releases.h"

namespace release {
namespace {

bool IsSameFile(const ManifestEntry& a, const ManifestEntry& b) {
  return a.kind == EntryKind::kFile && b.kind == EntryKind::kFile &&
         a.path == b.path && a.mode == b.mode && a.size == b.size &&
         a.hash == b.hash;
}

}  // namespace

bool SpaceNeed::FitsInto(const SpaceInfo& space) const {
  return bytes <= space.free_bytes &&
         (space.total_inodes == 0 || files <= space.free_inodes);
}

void SpaceNeed::LeaveOutShared(Fs* fs, const Manifest& manifest,
                               const std::optional<Version>& earlier) {
  if (!earlier || !HasManifest(fs, *earlier)) return;
  const Manifest before = LoadManifest(fs, *earlier);
  auto same = before.entries.begin();
  for (const ManifestEntry& entry : manifest.entries) {
    while (same != before.entries.end() && same->path < entry.path) ++same;
    if (same == before.entries.end()) return;
    if (!IsSameFile(entry, *same)) continue;
    bytes -= entry.size;
    --files;
  }
}

}  // namespace release
