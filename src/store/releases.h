// The release trees: staged under a private name, published by rename.
#ifndef RELEASE_STORE_RELEASES_H_
#define RELEASE_STORE_RELEASES_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/manifest.h"
#include "base/version.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

// What stands in releases/.
struct ReleaseListing {
  std::set<Version> versions;        // directories with a version's name
  std::vector<std::string> garbage;  // .partial-* and .trash-*
  std::vector<std::string> unknown_entries;  // anything else
};
ReleaseListing ListReleases(Fs* fs);

// One tree on its way into releases/.
class Staging {
 public:
  // Of all that is made: uid and gid; nothing: the caller.
  using Owner = std::optional<OwnerIds>;

  // Makes `.partial-N`, which only its owner can enter. One left by a crash is
  // removed first.
  Staging(Fs* fs, std::uint64_t transaction);

  // The empty directory to unpack into.
  Fs::Handle directory() const { return tree_.get(); }

  // Links the shared directories and files of the config into the tree, making
  // them in shared/ on first use for `owner`, and adds the links to the
  // manifest. Returns the shared files that were made empty just now.
  std::vector<std::string> LinkShared(const Config& config, Manifest* manifest,
                                      const Owner& owner = std::nullopt);

  // Writes the manifest, makes the tree durable and gives it its name: from
  // then on it is complete, verified and durable under releases/. Throws Error
  // kVersionConflict where the name is taken. Where a sync fails, so does the
  // staging: discard the tree, never try again.
  void Publish(const Version& version, const Manifest& manifest,
               const Owner& owner);

 private:
  Fs* fs_;
  std::string name_;
  // Opened before the first write, so that a sync through it reports all.
  ScopedHandle releases_;
  ScopedHandle tree_;
};

// The shared directories and files of the config, as paths in a release.
std::vector<std::string> SharedPaths(const Config& config);

// The links that LinkShared would add, without touching a disk. Throws Error
// kUnsafeEntry where something else than a directory is in the way of one.
void AddSharedLinks(const Config& config, Manifest* manifest);

// The manifest of a release. Throws Error kManifestUnreadable.
Manifest LoadManifest(Fs* fs, const Version& version);
bool HasManifest(Fs* fs, const Version& version);

// Takes releases out of releases/ by renaming them aside, durably: from then on
// no name there means a tree that is about to lose files.
void SetAside(Fs* fs, std::uint64_t transaction,
              const std::vector<Version>& versions);

// Removes what no live transaction owns: partial trees, trees set aside unless
// they are left to DeleteTrash, old temporary links and files, links and
// manifests without a release. Returns what could not be removed, with the
// reason. Needs the lock. `threads` as RemoveTree.
enum class TrashPolicy { kDelete, kLeave };
std::vector<std::string> CollectGarbage(
    Fs* fs, unsigned threads = 0, TrashPolicy trash = TrashPolicy::kDelete);

// Deletes the trees that were set aside, and returns likewise. Needs no lock:
// no transaction ever comes back to them, and several may delete the same.
std::vector<std::string> DeleteTrash(Fs* fs, unsigned threads = 0);
bool IsTrash(const std::string& name);
// Whether there is any; true where that cannot be told.
bool MayHaveTrash(Fs* fs);

// More wait for one another in the file system.
inline constexpr unsigned kRemoveThreads = 8;

}  // namespace release

#endif  // RELEASE_STORE_RELEASES_H_
