// Decides which entries of an archive may be unpacked, and under which name and
// mode.
//
// Entries are not repaired: an entry that would leave the directory, clashes
// with one before it or is not a file, directory or link is refused, and with
// it the archive. Pure: this code does not look at a disk.
#ifndef RELEASE_ARCHIVE_ENTRY_RULES_H_
#define RELEASE_ARCHIVE_ENTRY_RULES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "archive/entry.h"
#include "base/manifest.h"

namespace release {

constexpr std::size_t kMaxComponent = 255;  // bytes
constexpr std::size_t kMaxPath = 4096;      // bytes, target paths too
constexpr std::size_t kMaxDepth = 128;      // components

// Returns the archive's permission bits less what a release never has
// (set-user-id, set-group-id, sticky, write for others) and less `umask`. The
// owner can always read, and write in and enter directories; whoever can read a
// directory can enter it.
unsigned AcceptedMode(ArchiveEntry::Kind kind, unsigned mode, unsigned umask);

// Returns the mode of a directory that the archive only implies.
inline unsigned ImpliedMode(unsigned umask) {
  return AcceptedMode(ArchiveEntry::Kind::kDirectory, 0777, umask);
}

// Whether the path is one of `tops` or lies below one.
bool IsAtOrBelow(std::string_view path, const std::vector<std::string>& tops);

// Sees the entries of one archive in their order; remembers 128 bits of each
// path, which may refuse an entry by mistake once in 2^64 but never accepts
// one.
class EntryRules {
 public:
  struct Options {
    unsigned strip_components = 0;
    unsigned umask = 0022;
    // As in Config: absolute targets that a symbolic link may have.
    std::vector<std::string> absolute_links = {};
    // At and below these paths links may have any target: they give way.
    std::vector<std::string> reserved = {};
  };

  explicit EntryRules(const Options& options) : options_(options) {}

  // The entry as it will be made; nullopt if no name is left after stripping,
  // as for the archive's own "./", or if it is a hard link to itself or a
  // link that is there already. A hard link to a symbolic link becomes
  // a symbolic link. Throws Error kUnsafeEntry naming the entry and the reason.
  std::optional<AcceptedEntry> Accept(const ArchiveEntry& entry);

 private:
  enum class Seen : unsigned char { kParent, kDirectory, kFile, kSymlink };
  struct KeyHash {
    std::size_t operator()(const ContentHash& key) const;
  };

  using Targets = std::unordered_map<ContentHash, std::string, KeyHash>;

  // Whether the link is there already: tar writes a link that it was given
  // twice as the same entry again.
  static bool IsRepeated(const Targets& targets, std::string_view path,
                         std::string_view target);
  void CheckLink(const ArchiveEntry& entry, std::string_view path) const;
  void CheckParents(const ArchiveEntry& entry, std::string_view path);
  void Remember(const ArchiveEntry& entry, std::string_view path);
  std::optional<AcceptedEntry> AcceptHardLink(const ArchiveEntry& entry,
                                              std::string path);

  const Options options_;
  std::unordered_map<ContentHash, Seen, KeyHash> seen_;
  Targets link_targets_;
  Targets hard_link_targets_;
  std::string checked_parent_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_ENTRY_RULES_H_
