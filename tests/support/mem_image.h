// What a disk holds, as a value: cheap to copy, inodes are copied on write.
#ifndef RELEASE_TESTS_SUPPORT_MEM_IMAGE_H_
#define RELEASE_TESTS_SUPPORT_MEM_IMAGE_H_

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

struct MemInode {
  FileType type = FileType::kFile;
  unsigned mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::uint64_t links = 0;  // entries that name it
  std::int64_t modified = 0;
  std::int64_t changed = 0;
  std::string content;  // of a file; the target of a symbolic link
  std::map<std::string, Ino> entries;
};

// One change of one inode: what a power cut keeps or loses as a whole, but for
// a write, which it can tear.
struct Change {
  enum class Kind { kEntries, kWrite, kTruncate, kMode, kOwner };
  Kind kind = Kind::kEntries;
  Ino ino = kNoIno;
  std::uint64_t group = 0;  // changes of one group are kept or lost together
  std::vector<std::pair<std::string, Ino>> entries;  // kNoIno: removed
  std::uint64_t offset = 0;  // of the write; the new size
  std::string data;
  unsigned mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t owner_group = 0;
  std::int64_t modified = 0;

  bool OfContent() const {
    return kind == Kind::kWrite || kind == Kind::kTruncate;
  }
};
using ChangePtr = std::shared_ptr<const Change>;

class MemImage {
 public:
  // An empty root directory.
  MemImage();

  // The number that the next Add gives.
  Ino next() const { return static_cast<Ino>(inodes_.size()); }
  // Holds the inode from now on; it is reached once an entry names it.
  Ino Add(MemInode inode);
  const MemInode& At(Ino ino) const { return *inodes_[ino]; }

  // A torn write puts only the first half of its bytes.
  void Apply(const Change& change, bool torn = false);

  // One line for each name: path, type, mode, content.
  std::string Tree() const;

 private:
  MemInode* Mutable(Ino ino);
  void SetEntry(Ino directory, const std::string& name, Ino ino);

  std::vector<std::shared_ptr<MemInode>> inodes_;
};

// Writes images and changes as bytes that are equal exactly where the content
// and the structure are: inode numbers are replaced by the order of the first
// visit, modification times are left out.
class MemImageWriter {
 public:
  void Write(const MemImage& image, Ino from);
  // `same_group`: the change belongs to the group of the one written before.
  void Write(const Change& change, const MemImage& live,
             const MemImage& durable, bool same_group);
  std::string Take() { return std::move(out_); }

 private:
  void Number(std::uint64_t number);
  void Text(const std::string& text);
  void Visit(const MemImage& image, Ino ino, std::vector<bool>* seen);

  // Each inode is written once for each image.
  std::map<const MemImage*, std::vector<bool>> seen_;
  std::vector<Ino> order_;  // by inode number; 0: not visited yet
  Ino visited_ = 0;
  std::string out_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_MEM_IMAGE_H_
