// The tree that an archive becomes: on disk and as a manifest.
#ifndef RELEASE_ARCHIVE_UNPACKED_TREE_H_
#define RELEASE_ARCHIVE_UNPACKED_TREE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "archive/blocks.h"
#include "archive/link_names.h"
#include "archive/tree_writer.h"
#include "archive/unpack_limits.h"
#include "base/manifest.h"
#include "os/fs.h"

namespace release {

// Keeps the two in step, so that the manifest lists what is on disk. Without a
// disk, as for a dry run, only the manifest is made, by the same calls. Paths
// are as for TreeWriter, and so are the errors.
class UnpackedTree {
 public:
  // If `fs` is null, nothing is written. `limits` outlives this; it counts the
  // directories that AddParents makes.
  UnpackedTree(Fs* fs, Fs::Handle directory, const TreeWriter::Options& options,
               UnpackLimits* limits);
  UnpackedTree(const UnpackedTree&) = delete;
  UnpackedTree& operator=(const UnpackedTree&) = delete;

  bool empty() const { return entries().empty(); }

  // Adds the directories above `path` that no entry has added.
  void AddParents(const std::string& path, unsigned umask);
  // Adds a directory, or changes the attributes of one added before.
  void AddDirectory(const std::string& path,
                    const TreeWriter::Attributes& attributes);
  void SetTopTime(std::optional<std::int64_t> modified);
  void AddSymlink(const std::string& path, const std::string& target);

  // Writes a whole file, as TreeWriter::Content::kWhole. Its entry in the
  // manifest follows with List, when it is known to be complete.
  void WriteWhole(const ManifestEntry& file,
                  std::optional<std::int64_t> modified,
                  std::span<const char> content, const SharedBlock& kept);
  // Writes a file with content of the base; see TreeWriter::TakeFile. The tree
  // must be one on disk. List follows.
  void TakeFile(const ManifestEntry& file, std::optional<std::int64_t> modified,
                BaseContent from);
  // Begins a file whose content Append brings. List follows.
  void Begin(const ManifestEntry& file, std::optional<std::int64_t> modified);
  void Append(const std::string& path, std::span<const char> bytes,
              const SharedBlock& kept);
  void List(ManifestEntry file) { entries().push_back(std::move(file)); }

  // The number of the file at `path`, which must have been listed.
  std::size_t FileAt(const std::string& path) { return names_.FirstName(path); }
  const ManifestEntry& file(std::size_t number) const {
    return entries()[number];
  }
  // Gives a file that was listed empty its content, which Append brought.
  void SetContent(std::size_t file, std::uint64_t size,
                  const ContentHash& hash) {
    names_.SetContent(file, size, hash);
  }
  void AddHardLink(const std::string& path, std::size_t file);

  // Makes what is not made yet, and returns the manifest; call once, last.
  Manifest Finish();

 private:
  std::vector<ManifestEntry>& entries() { return manifest_.entries; }
  const std::vector<ManifestEntry>& entries() const {
    return manifest_.entries;
  }

  UnpackLimits* limits_;
  std::optional<TreeWriter> writer_;
  Manifest manifest_;
  LinkNames names_{&manifest_.entries};
  std::unordered_map<std::string, std::size_t> directories_;
  std::string last_parent_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_UNPACKED_TREE_H_
