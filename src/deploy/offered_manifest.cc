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

unsigned UnpackedMode(const ManifestEntry& entry, unsigned umask) {
  if (entry.kind == EntryKind::kSymlink) return entry.mode;
  return AcceptedMode(KindInArchive(entry), entry.mode, umask);
}

bool IsUnpackedTo(const ManifestEntry& offered, const ManifestEntry& unpacked,
                  unsigned umask) {
  return offered.kind == unpacked.kind && offered.path == unpacked.path &&
         UnpackedMode(offered, umask) == unpacked.mode &&
         offered.size == unpacked.size && offered.hash == unpacked.hash &&
         offered.target == unpacked.target;
}

// Whether the entries are the same but for modes, without a copy of either.
bool IsUnpackedTo(const Manifest& offered, const Manifest& unpacked,
                  const std::vector<std::string>& reserved, unsigned umask) {
  auto next = unpacked.entries.begin();
  for (const ManifestEntry& entry : offered.entries) {
    if (IsAtOrBelow(entry.path, reserved)) continue;
    if (next == unpacked.entries.end()) return false;
    if (!IsUnpackedTo(entry, *next++, umask)) return false;
  }
  return next == unpacked.entries.end();
}

}  // namespace

Manifest AsUnpacked(Manifest manifest, const std::vector<std::string>& reserved,
                    unsigned umask) {
  for (ManifestEntry& entry : manifest.entries) {
    entry.mode = UnpackedMode(entry, umask);
  }
  std::erase_if(manifest.entries, [&](const ManifestEntry& entry) {
    return IsAtOrBelow(entry.path, reserved);
  });
  return manifest;
}

std::vector<ManifestDifference> CompareUnpacked(
    const Manifest& offered, const Manifest& unpacked,
    const std::vector<std::string>& reserved, unsigned umask) {
  if (IsUnpackedTo(offered, unpacked, reserved, umask)) return {};
  return Compare(AsUnpacked(offered, reserved, umask), unpacked);
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
