#include "deploy/offered_manifest.h"

#include "archive/entry_rules.h"

namespace release {
namespace {

ArchiveEntry::Kind KindInArchive(const ManifestEntry& entry) {
  return entry.kind == EntryKind::kDirectory ? ArchiveEntry::Kind::kDirectory
                                             : ArchiveEntry::Kind::kFile;
}

// Returns whether the mode that a release has of this entry came from the same
// mode in the archive, under an earlier rule.
bool IsEarlierMode(const ManifestEntry& had, const ManifestEntry& offered,
                   unsigned umask) {
  const unsigned mode = AcceptedMode(KindInArchive(had), had.mode, umask);
  return mode == offered.mode ||
         (had.kind == EntryKind::kFile && mode == (offered.mode | 0200U));
}

}  // namespace

Manifest AsUnpacked(Manifest manifest, const std::vector<std::string>& reserved,
                    unsigned umask) {
  for (ManifestEntry& entry : manifest.entries) {
    if (entry.kind == EntryKind::kSymlink) continue;
    entry.mode = AcceptedMode(KindInArchive(entry), entry.mode, umask);
  }
  std::erase_if(manifest.entries, [&](const ManifestEntry& entry) {
    return IsAtOrBelow(entry.path, reserved);
  });
  return manifest;
}

std::vector<ManifestDifference> CompareOffered(Manifest existing,
                                               const Manifest& offered,
                                               unsigned umask) {
  auto same = offered.entries.begin();
  for (ManifestEntry& entry : existing.entries) {
    while (same != offered.entries.end() && same->path < entry.path) ++same;
    if (same == offered.entries.end()) break;
    if (same->path != entry.path || same->kind != entry.kind) continue;
    if (IsEarlierMode(entry, *same, umask)) entry.mode = same->mode;
  }
  return Compare(existing, offered);
}

}  // namespace release
