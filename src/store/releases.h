// The release trees in releases/: staged under a private name, published by
// rename, set aside by rename and then deleted. A function that fails throws
// FsError, unless it returns its failures.
#ifndef RELEASE_STORE_RELEASES_H_
#define RELEASE_STORE_RELEASES_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/manifest.h"
#include "base/version.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

// The entries of releases/.
struct ReleaseListing {
  std::set<Version> versions;        // directories with a version's name
  std::vector<std::string> garbage;  // .partial-* and .trash-*
  std::vector<std::string> unknown_entries;  // anything else
};
ReleaseListing ListReleases(Fs* fs);

// The tree of a release that is being made. After Publish, `.partial-N` has the
// release's name; without Publish it stays behind as garbage.
class Staging {
 public:
  // The uid and gid of everything made; nullopt: those of the process.
  using Owner = std::optional<OwnerIds>;

  // Makes `.partial-N` with mode 0700, so that no other user can use the tree
  // before it is complete. Removes one that a crash left first.
  Staging(Fs* fs, std::uint64_t transaction);

  // The empty directory to unpack into. Owned by this object.
  Fs::Handle directory() const { return tree_.get(); }

  // Links the shared directories and files of the config into the tree, and
  // adds the links to the manifest. Makes the directories that are missing in
  // shared/, owned by `owner`, but no files: see RequireSharedFiles. Throws
  // Error kUnsafeEntry as AddSharedLinks does.
  void LinkShared(const Config& config, Manifest* manifest,
                  const Owner& owner = std::nullopt);

  struct Manifests {
    const Manifest& own;           // of what is in the tree
    std::string_view packed = {};  // as `pack` wrote it; "": it did not
  };

  // Writes the manifests, gives the tree's top directory its owner and mode,
  // makes the tree durable and renames it to releases/VERSION. The tree and its
  // name are durable on return. Throws Error kVersionConflict if the name is
  // taken. If a sync fails, the caller must discard the tree: a second sync
  // would report success and prove nothing.
  void Publish(const Version& version, const Manifests& manifests,
               const Owner& owner, unsigned mode = 0755);

 private:
  Fs* fs_;
  std::string name_;
  // Opened before the first write, so that a sync through this handle reports
  // every write error since then.
  ScopedHandle releases_;
  ScopedHandle tree_;
};

// Returns the shared directories and files of the config, as paths relative to
// a release.
std::vector<std::string> SharedPaths(const Config& config);

// Makes the shared directories and files of the config that are missing, owned
// by `owner`. Returns the files that it made; these are empty. Durable on
// return.
std::vector<std::string> MakeShared(Fs* fs, const Config& config,
                                    const Staging::Owner& owner = std::nullopt);

// Throws Error kSharedFileMissing if a shared file does not exist: a release
// would go live with an empty one, or with a link that dangles.
void RequireSharedFiles(Fs* fs, const Config& config);

// Adds to the manifest the links, and the directories above them, that
// LinkShared makes. Touches no disk. Throws Error kUnsafeEntry if an entry
// where such a directory must be is not a directory.
void AddSharedLinks(const Config& config, Manifest* manifest);

// Removes the manifests of a release, for one whose tree is gone. Not durable.
void RemoveManifests(Fs* fs, const Version& version);

// Reads the manifest of a release. Throws Error kManifestUnreadable if it is
// missing or damaged.
Manifest LoadManifest(Fs* fs, const Version& version);
bool HasManifest(Fs* fs, const Version& version);

// Renames releases to `.trash-N-VERSION`. Durable on return, so that no tree
// that loses files from then on can come back under a release's name.
void SetAside(Fs* fs, std::uint64_t transaction,
              const std::vector<Version>& versions);

// Something that could not be removed.
struct RemovalFailure {
  std::string name;  // in releases/; empty: it was not there
  std::string message;
};
using RemovalFailures = std::vector<RemovalFailure>;

// As SetAside, but a release that cannot be renamed does not stop the others.
// Returns one failure for each such release. Throws FsError if the renames
// cannot be made durable.
RemovalFailures SetAsideEach(Fs* fs, std::uint64_t transaction,
                             const std::vector<Version>& versions);

// Removes what crashed transactions left and what belongs to no release:
// partial trees, trees that were set aside (unless `trash` leaves them to
// DeleteTrash), temporary links and files, and links and manifests without a
// release. Returns one failure for each thing that could not be removed; never
// throws FsError. The caller must hold the lock, with no staging of its own
// unpublished. `threads` as for RemoveTree.
enum class TrashPolicy { kDelete, kLeave };
RemovalFailures CollectGarbage(Fs* fs, unsigned threads = 0,
                               TrashPolicy trash = TrashPolicy::kDelete);

// Deletes the trees that were set aside. Returns its failures as CollectGarbage
// does. Needs no lock: no transaction ever uses such a tree again, and several
// processes may delete the same one.
RemovalFailures DeleteTrash(Fs* fs, unsigned threads = 0);
bool IsTrash(const std::string& name);
// Returns whether a tree was set aside and is still there; true if that cannot
// be found out.
bool MayHaveTrash(Fs* fs);

// More threads than this only wait for each other in the file system.
inline constexpr unsigned kRemoveThreads = 8;

}  // namespace release

#endif  // RELEASE_STORE_RELEASES_H_
