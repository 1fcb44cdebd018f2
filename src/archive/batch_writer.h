// Files of a release, or parts of them, gathered into batches, and what writes
// a batch. A part of archive/tree_writer.h.
#ifndef RELEASE_ARCHIVE_BATCH_WRITER_H_
#define RELEASE_ARCHIVE_BATCH_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base_content.h"
#include "archive/blocks.h"
#include "archive/earlier_tree.h"
#include "archive/open_directories.h"
#include "archive/tree_writer.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

inline constexpr std::size_t kBatchBytes = std::size_t{256} << 10;

// A file or a part of one.
struct Piece {
  bool begins = false;  // a file; else continues the one before
  OpenDirectories::Shared directory;
  std::string name;
  TreeWriter::Attributes attributes;
  std::string_view content;
  bool whole = false;  // the piece is all of the file
  std::optional<OpenDirectories::Shared> earlier;  // for taking over
  // The content lies in `earlier`, at the leaf of its path; null: it is above.
  std::shared_ptr<const BaseContent> from;
};

struct Batch {
  std::vector<Piece> pieces;
  std::vector<char> copied;  // bytes of pieces that nothing else keeps
  std::vector<SharedBlock> kept;
  std::size_t size = 0;     // of all content
  std::uint64_t taken = 0;  // bytes that lie in the earlier tree

  std::size_t room() const { return kBatchBytes - size; }
  // Bytes that are read or written for this batch.
  std::uint64_t work() const { return size + taken; }

  // Adds bytes of the file begun last; copies them if `block` is null, unless
  // they are a hole.
  void Add(std::string_view part, const SharedBlock& block);

  void Clear() {
    pieces.clear();
    copied.clear();
    kept.clear();
    size = 0;
    taken = 0;
  }
};

// Whether new entries may get other modes than asked for: from the set-group-id
// bit of the directory above, or from its default access list.
enum class Inheritance { kNone, kSome };

Inheritance InheritanceOf(Fs* fs, Fs::Handle top);

// Writes batches one after the other; a file may go on in the next. For one
// thread.
class BatchWriter {
 public:
  BatchWriter(Fs* fs, Fs::Handle top, const TreeWriter::Options& options,
              Inheritance inheritance)
      : fs_(fs),
        top_(top),
        owner_(options.owner),
        inheritance_(inheritance),
        takeover_(fs, options.earlier) {}

  void Write(const Batch& batch);
  // Ends the file that was begun last; does nothing if there is none.
  void CloseFile();

 private:
  bool Begin(const Piece& piece);
  void Put(std::string_view content);
  void Store(std::string_view content);
  Fs::Handle Directory() const { return directory_ ? directory_->get() : top_; }

  Fs* fs_;
  Fs::Handle top_;
  std::optional<OwnerIds> owner_;
  const Inheritance inheritance_;
  OpenDirectories::Shared directory_;
  std::string name_;
  std::optional<std::int64_t> modified_;
  Takeover takeover_;
  ScopedHandle file_;
  std::uint64_t offset_ = 0;  // in the file
  bool has_hole_ = false;     // that was skipped
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_BATCH_WRITER_H_
