// Writes the entries of a release into a directory, with threads of its own
// while the caller reads on.
#ifndef RELEASE_ARCHIVE_TREE_WRITER_H_
#define RELEASE_ARCHIVE_TREE_WRITER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "archive/blocks.h"
#include "archive/earlier_tree.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

// Paths are normalised, relative to the directory, accepted by EntryRules and
// new; the directory above each was added before. Calls may return before
// their change is made and may report an error of an earlier call; all is made
// when Finish returns. Nothing is durable then. Destroyed without Finish it
// stops soon, with part of the tree made; no thread outlives it.
//
// Content is gathered in batches of 256 KiB, at most 8 MiB of which wait. Where
// the threads are behind with them the caller's own writes, too.
class TreeWriter {
 public:
  struct Options {
    std::optional<OwnerIds> owner;  // empty: everything belongs to the caller
    unsigned threads = 0;           // that write; 0: the caller's own does
    // Files are taken over from there where they are the same; outlives the
    // writer. Null: all are written.
    EarlierTree* earlier = nullptr;
  };
  enum class Content { kWhole, kBeginning };

  TreeWriter(Fs* fs, Fs::Handle directory, const Options& options);
  ~TreeWriter();
  TreeWriter(const TreeWriter&) = delete;
  TreeWriter& operator=(const TreeWriter&) = delete;

  void AddDirectory(const std::string& path, unsigned mode);
  // Of a directory added before.
  void SetDirectoryMode(const std::string& path, unsigned mode);
  // A file with this content, or its beginning. What is added as a whole has at
  // most 256 KiB, and no more is appended to it unless it is empty. The bytes
  // are copied, unless `kept` is where they lie.
  void AddFile(const std::string& path, unsigned mode, std::string_view content,
               Content kind = Content::kBeginning,
               const SharedBlock& kept = nullptr);
  // More of a file added before; cheap for the one added last. Throws where the
  // file was taken over since.
  void Append(const std::string& path, std::string_view content,
              const SharedBlock& kept = nullptr);
  // Made by Finish: hard links, then symbolic ones.
  void AddHardLink(const std::string& path, const std::string& existing);
  void AddSymlink(const std::string& path, const std::string& target);
  void Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_TREE_WRITER_H_
