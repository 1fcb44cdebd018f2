// The tree of an earlier release, from which a new release takes over equal
// files.
//
// Bytes decide: those of the archive, in memory, are compared with those that
// the earlier file holds now. No record of its former content is believed, so a
// file that was edited or rotted since does not get into a new release
// (docs/decisions/dedup.md). A file that cannot be taken over, for whatever
// reason, is written like any other.
#ifndef RELEASE_ARCHIVE_EARLIER_TREE_H_
#define RELEASE_ARCHIVE_EARLIER_TREE_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base_content.h"
#include "archive/open_directories.h"
#include "os/fs.h"
#include "os/identity.h"
#include "trust/file_hash.h"

namespace release {

// Below this size, writing is faster than cloning.
inline constexpr std::uint64_t kLeastClone = std::uint64_t{128} << 10;

class EarlierTree {
 public:
  enum class Sharing {
    kInodes,  // one file with a name in both: a hard link
    // The same, but only of files that nobody but root can write. They still
    // hold what was compared after another user could have written.
    kInodesOfRoot,
    kNone,    // nothing: a file of its own, with the same content
    kBlocks,  // a file of its own, with the same blocks until either is written
  };

  // `directory` outlives this. `owner` will own the files of the new tree.
  EarlierTree(Fs* fs, Fs::Handle directory, Sharing sharing,
              const OwnerIds& owner)
      : sharing_(sharing), owner_(owner), directories_(fs, directory) {}

  // -- for the thread that adds files
  // The directory at `path` in the earlier tree; nullopt if there is none.
  std::optional<OpenDirectories::Shared> Find(const std::string& path);
  // The same, but throws FsError.
  OpenDirectories::Shared Get(const std::string& path) {
    return directories_.Get(path);
  }
  // These two do as those of OpenDirectories.
  bool IsFullFor(const std::string& path) const {
    return directories_.IsFullFor(path);
  }
  void Forget();

  // Files and bytes taken over so far.
  std::uint64_t files() const { return files_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  friend class Takeover;

  const Sharing sharing_;
  const OwnerIds owner_;
  OpenDirectories directories_;
  std::optional<std::string> missing_;  // the directory not found last
  // Shared by all writers.
  std::atomic<bool> cannot_ = false;  // the file system can share no blocks
  std::atomic<unsigned> links_made_ = 0;
  std::atomic<std::uint64_t> files_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

// A file of the new tree, and the directory it may be taken over from.
struct NewFile {
  Fs::Handle directory = Fs::kRoot;
  std::string name;
  unsigned mode = 0;
  // The directory in the earlier tree; nullopt: do not take it over.
  std::optional<OpenDirectories::Shared> earlier;
};

// Takes over one file after the other; each writing thread needs its own.
class Takeover {
 public:
  // `earlier` may be null; then nothing is taken over.
  Takeover(Fs* fs, EarlierTree* earlier) : fs_(fs), earlier_(earlier) {}

  // Takes over a whole file whose name is still free. Returns false if the
  // caller must write it.
  bool Link(const NewFile& file, std::string_view content);

  // These two take over a file of which the manifest says the content. It lies
  // in `file.earlier`, whatever is there now: each byte passes a SHA-256 in its
  // new place, or in the one that both names lead to. Both throw Error
  // kBaseMissing if it is another content.
  //
  // Makes a link, if that is allowed. Returns false if the caller must make the
  // file and call Fill next.
  bool LinkChecked(const NewFile& file, const BaseContent& from);
  // Fills the new file, which is open and empty.
  void Fill(Fs::Handle opened, const BaseContent& from);

  // Begins a file that comes piece by piece. `opened` is the new file, still
  // empty; `size` is its final size, if that is known.
  void Begin(const NewFile& file, Fs::Handle opened,
             std::optional<std::uint64_t> size);
  // Passes the next piece. Returns false if the caller must write it, after
  // its last Write.
  bool Put(std::string_view content);
  // Ends the file. The new file must still be open.
  void End();

 private:
  bool Open(const NewFile& file);
  bool HasSameOwnerAndMode(const NewFile& file) const;
  bool SharesInodes() const;
  bool CloneFrom(Fs::Handle opened, const BaseContent& from);
  std::size_t ReadOf(const BaseContent& from, Fs::Handle file,
                     std::span<char> buffer, std::uint64_t offset);
  void Pass(Fs::Handle file, const BaseContent& from,
            std::optional<Fs::Handle> into);
  bool Holds(Fs::Handle file, std::string_view content);
  void Clone();
  void PutIntoClone(std::string_view content);
  void WriteDifferences(std::string_view content, std::string_view found);
  void ReplaceByLink();
  void Reset();

  Fs* fs_;
  EarlierTree* earlier_;
  ScopedHandle source_;  // the earlier file
  FileInfo info_;        // of it
  // The next members belong to the file that comes piece by piece.
  NewFile file_;
  Fs::Handle opened_ = Fs::kRoot;
  bool cloned_ = false;     // it got the earlier file's blocks
  bool comparing_ = false;  // it may have them still, or be the same
  std::uint64_t offset_ = 0;
  std::uint64_t differed_ = 0;  // bytes that were written into the clone
  std::vector<char> buffer_;
  FileHasher hasher_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_EARLIER_TREE_H_
