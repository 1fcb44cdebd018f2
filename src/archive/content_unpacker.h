// The way of content from the reader of an archive into the tree.
#ifndef RELEASE_ARCHIVE_CONTENT_UNPACKER_H_
#define RELEASE_ARCHIVE_CONTENT_UNPACKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/entry.h"
#include "archive/reader.h"
#include "archive/unpack_limits.h"
#include "archive/unpacked_tree.h"
#include "base/manifest.h"
#include "trust/digest.h"

namespace release {

// Takes the content of the reader's current entry: counts it against the
// limits, hashes it for the manifest and hands it to the tree. Most files are
// small, lie in one block of the reader, and have the size that their entry
// says. These are hashed and written as a whole, without a copy; small files in
// several blocks are gathered first. All others go block by block, so that
// memory stays bounded.
class ContentUnpacker {
 public:
  // All outlive this.
  ContentUnpacker(Reader* reader, UnpackLimits* limits, UnpackedTree* tree)
      : reader_(reader), limits_(limits), tree_(tree) {}
  ContentUnpacker(const ContentUnpacker&) = delete;
  ContentUnpacker& operator=(const ContentUnpacker&) = delete;

  // Adds a file with the current entry's content. Throws Error kArchiveCorrupt
  // if it is longer than the archive says.
  void AddFile(AcceptedEntry entry, const ArchiveEntry& original);
  // Adds a file with content of the base, which the tree checks while it takes
  // it over.
  void TakeFile(AcceptedEntry entry, const ArchiveEntry& original,
                BaseContent from);
  // Takes the content that comes with another name of a file, if any does: the
  // file's own if it has none yet. Throws Error kUnsafeEntry if the file has
  // another one.
  void AddLinkContent(const AcceptedEntry& entry, std::size_t file);
  // Reads content that is left out: it counts, and must be undamaged.
  void Skip();

 private:
  std::span<const char> Gather(std::span<const char> block, std::uint64_t size);
  void AddWhole(ManifestEntry* file, std::optional<std::int64_t> modified,
                std::span<const char> content);
  void AddLong(ManifestEntry* file, std::optional<std::int64_t> modified,
               std::span<const char> block);

  Reader* reader_;
  UnpackLimits* limits_;
  UnpackedTree* tree_;
  ContentHasher hasher_;
  std::vector<char> gathered_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_CONTENT_UNPACKER_H_
