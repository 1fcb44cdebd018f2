// The content of a disk, as a value. Copies are cheap: they share inodes until
// one of them writes.
#ifndef RELEASE_TESTS_SUPPORT_MEM_IMAGE_H_
#define RELEASE_TESTS_SUPPORT_MEM_IMAGE_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/fs.h"

namespace release {

using Ino = std::uint32_t;
constexpr Ino kNoIno = 0;
constexpr Ino kRootIno = 1;

using ImageDigest = std::array<char, 16>;

struct MemInode {
  FileType type = FileType::kFile;
  unsigned mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint64_t links = 0;    // directory entries that refer to it
  std::int64_t modified = 0;  // nanoseconds
  std::int64_t changed = 0;   // nanoseconds
  std::string content;        // of a file, or the target of a link
  std::map<std::string, Ino> entries;
  // Of all the above except for numbers of inodes, links and times; nullopt if
  // it has not been computed since the last change.
  mutable std::optional<ImageDigest> digest;
};

// A change of one inode. A power cut keeps or loses it as a whole, except that
// it can tear a write.
struct Change {
  enum class Kind { kEntries, kWrite, kTruncate, kMode, kOwner, kModified };
  Kind kind = Kind::kEntries;
  Ino ino = kNoIno;
  std::uint64_t group = 0;  // changes of one group are kept or lost together
  std::vector<std::pair<std::string, Ino>> entries;  // kNoIno: removed
  std::uint64_t offset = 0;  // of a write; kTruncate: the new size
  std::string data;
  unsigned mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t owner_group = 0;
  std::int64_t time = 0;      // of kModified: the time to set, nanoseconds
  std::int64_t modified = 0;  // when the change is made, nanoseconds

  bool OfContent() const {
    return kind == Kind::kWrite || kind == Kind::kTruncate;
  }
};
using ChangePtr = std::shared_ptr<const Change>;

class MemImage {
 public:
  // Makes an empty root directory.
  MemImage();

  // The number that the next Add will return.
  Ino next() const { return static_cast<Ino>(inodes_.size()); }
  // Adds an inode and returns its number. It is unreachable until a change of a
  // directory adds an entry for it.
  Ino Add(MemInode inode);
  const MemInode& At(Ino ino) const { return *inodes_[ino]; }

  // Applies the change. A torn write writes only the first half of its bytes.
  void Apply(const Change& change, bool torn = false);

  // Lists the tree, one line per name: type, mode, inode number, path, content
  // or target.
  std::string Tree() const;

 private:
  // Returns the inode for writing; copies it first if another image shares it.
  MemInode* Mutable(Ino ino);
  // Sets or (with kNoIno) removes an entry, and counts the links of both
  // inodes.
  void SetEntry(Ino directory, const std::string& name, Ino ino);

  std::vector<std::shared_ptr<MemInode>> inodes_;
};

// Digests images and changes, so that the results are equal if and only if
// content and structure are equal (or XXH3 of 128 bits collides). It replaces
// inode numbers with the order of the first visit and leaves out modification
// times. It stores the digest of each inode in the inode: one thread at a time
// may visit images that share inodes.
class MemImageWriter {
 public:
  void Write(const MemImage& image, Ino from);
  // `same_group`: the change belongs to the group of the change written before.
  void Write(const Change& change, const MemImage& live,
             const MemImage& durable, bool same_group);
  // Returns the digest of all that was written, 16 bytes.
  std::string Digest() const;

 private:
  void Number(std::uint64_t number);
  void Text(const std::string& text);
  void Visit(const MemImage& image, Ino ino, std::vector<bool>* seen);

  // The inodes of each image that have been written; a second visit writes only
  // the number.
  std::map<const MemImage*, std::vector<bool>> seen_;
  std::vector<Ino> order_;  // by inode number; 0: not visited yet
  Ino visited_ = 0;
  std::string out_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_MEM_IMAGE_H_
