// Entries of a manifest that are names of the same file.
#ifndef RELEASE_ARCHIVE_LINK_NAMES_H_
#define RELEASE_ARCHIVE_LINK_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/manifest.h"

namespace release {

// A manifest lists each name of a file with hard links as a file of its own, so
// all of them must get the content that may come with only one: tar stores it
// with the first name, cpio with the last one. The first name stands for the
// file. Most archives have no hard link; the index is made when the first
// comes.
class LinkNames {
 public:
  // `entries`, which outlives this, may only grow meanwhile.
  explicit LinkNames(std::vector<ManifestEntry>* entries) : entries_(entries) {}

  // The index of the entry that is the first name of the file at `path`, which
  // must be in the manifest.
  std::size_t FirstName(const std::string& path);
  // Adds an entry that is another name of that file.
  void Add(const std::string& path, std::size_t first);
  // Gives all names of the file this content.
  void SetContent(std::size_t first, std::uint64_t size,
                  const ContentHash& hash);

 private:
  std::vector<ManifestEntry>* entries_;
  std::unordered_map<std::string, std::size_t> files_;
  std::size_t indexed_ = 0;  // entries looked at for files_
  std::unordered_map<std::size_t, std::size_t> first_names_;
  std::unordered_map<std::size_t, std::vector<std::size_t>> other_names_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_LINK_NAMES_H_
