// Writes the entries of a release into a directory, with threads of its own
// while the caller reads on.
#ifndef RELEASE_ARCHIVE_TREE_WRITER_H_
#define RELEASE_ARCHIVE_TREE_WRITER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "archive/base_content.h"
#include "archive/blocks.h"
#include "archive/earlier_tree.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

// Paths must be normalised, relative to the directory, accepted by EntryRules
// and new; the directory above each must have been added before. Calls may
// return before their change is made and may throw the error of an earlier
// call; all changes are made when Finish returns, but not durable. Destroyed
// without Finish, the writer stops soon, with part of the tree made, and joins
// its threads.
//
// Content is gathered in batches of 256 KiB, at most 8 MiB of which wait. If
// the threads fall behind, the caller's thread writes, too.
class TreeWriter {
 public:
  struct Options {
    std::optional<OwnerIds> owner;  // empty: everything belongs to the caller
    unsigned threads = 0;           // that write; 0: only the caller's writes
    // Equal files are taken over from this tree, which outlives the writer.
    // Null: all files are written.
    EarlierTree* earlier = nullptr;
  };
  enum class Content { kWhole, kBeginning };
  struct Attributes {
    unsigned mode = 0;
    // Modification time in nanoseconds since 1970; nullopt: the time of
    // writing. A file that becomes a hard link to one of the earlier tree keeps
    // the time it had there.
    std::optional<std::int64_t> modified = {};
  };

  TreeWriter(Fs* fs, Fs::Handle directory, const Options& options);
  ~TreeWriter();
  TreeWriter(const TreeWriter&) = delete;
  TreeWriter& operator=(const TreeWriter&) = delete;

  // Finish sets the times of directories, after all changes in them.
  void AddDirectory(const std::string& path, const Attributes& attributes);
  // Changes those of a directory added before; "" is the top, of which only the
  // time changes.
  void SetDirectory(const std::string& path, const Attributes& attributes);
  // Adds a file with this content, or its beginning. A whole file has at most
  // 256 KiB, and nothing is appended to it unless it is empty. The bytes are
  // copied unless `kept` is the block that holds them. A hole (blocks.h) is not
  // written and becomes one of the file.
  void AddFile(const std::string& path, const Attributes& attributes,
               std::string_view content, Content kind = Content::kBeginning,
               const SharedBlock& kept = nullptr);
  // Adds a file with content of the earlier tree, which must be given. A
  // writing thread reads it there and compares its hashes; the error that a
  // later call throws is then kBaseMissing.
  void TakeFile(const std::string& path, const Attributes& attributes,
                BaseContent from);
  // Appends to a file added before, whose time stays; cheap for the one added
  // last. Throws if the file was taken over since.
  void Append(const std::string& path, std::string_view content,
              const SharedBlock& kept = nullptr);
  // Finish makes the links: hard links first, then symbolic ones.
  void AddHardLink(const std::string& path, const std::string& existing);
  void AddSymlink(const std::string& path, const std::string& target);
  void Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_TREE_WRITER_H_
