// The content of one entry, put together from the blocks that the parser finds.
#ifndef RELEASE_ARCHIVE_ENTRY_CONTENT_H_
#define RELEASE_ARCHIVE_ENTRY_CONTENT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace release {

// Blocks lie at rising offsets; holes between them are read as HoleBytes. Bytes
// are not copied. Errors are thrown as FailToRead has them, about `name`.
class EntryContent {
 public:
  enum class LastHole {
    kAllowed,  // a sparse file of a tar may end in a hole
    kRefused,
  };

  explicit EntryContent(LastHole last_hole, std::string name);

  // A new entry whose content has `size` bytes, if that is known.
  void Begin(std::optional<std::uint64_t> size);
  // The next block; nonempty, and valid until Next has returned all of it.
  // Throws kArchiveCorrupt if it overlaps the one before.
  void Put(std::span<const char> bytes, std::uint64_t offset);
  // No more blocks follow.
  void End() { ended_ = true; }

  // The next bytes; empty at the end of the content; nullopt if Put or End must
  // be called first. Throws kArchiveCorrupt at the end if the content is not as
  // long as Begin was told.
  std::optional<std::span<const char>> Next();

 private:
  std::span<const char> Zeros(std::uint64_t count);
  std::span<const char> AtEnd();

  const LastHole last_hole_;
  const std::string name_;
  std::optional<std::uint64_t> size_;
  std::uint64_t position_ = 0;  // in the content
  std::span<const char> block_;
  std::uint64_t offset_ = 0;  // of block_
  bool ended_ = true;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_ENTRY_CONTENT_H_
