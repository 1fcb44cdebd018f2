#include "store/releases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "archive/entry_rules.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "os/path_rules.h"
#include "store/current.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/packed_manifest.h"

namespace release {
namespace {

std::string InReleases(const std::string& name) {
  return std::string(kReleases) + "/" + name;
}

// The relative target of a shared link: "storage/logs" in releases/V points at
// ../../../shared/storage/logs.
std::string SharedTarget(const std::string& path) {
  std::string up = "../../";
  for (char c : path) {
    if (c == '/') up += "../";
  }
  return up + kShared + "/" + path;
}

// Only for a name in a directory that nobody else can write.
void Own(Fs* fs, Fs::Handle at, const std::string& path,
         const Staging::Owner& owner) {
  if (owner) fs->SetOwner(at, path, owner->user, owner->group);
}

// Gives away the directory that was just made under this name. In a directory
// of the owner's, somebody may have put another one there meanwhile, such as
// one that is root's for a reason. An empty one holds nothing to be lost.
void GiveDirectory(Fs* fs, Fs::Handle at, const std::string& path,
                   const OwnerIds& owner) {
  const ScopedHandle made(fs, fs->OpenDirectory(at, path));
  if (!fs->List(made.get(), "").empty()) {
    throw Error(ErrorCode::kIoError,
                fmt::format("cannot make {}: another process has put something "
                            "else there",
                            path),
                path);
  }
  fs->SetOwner(made.get(), "", owner.user, owner.group);
}

void MakeDirectories(Fs* fs, Fs::Handle at, const std::string& path,
                     unsigned mode, const Staging::Owner& owner) {
  for (std::size_t i = 0; i != std::string::npos && !path.empty();) {
    i = path.find('/', i + 1);
    const std::string prefix = path.substr(0, i);
    if (fs->Stat(at, prefix)) continue;
    fs->MakeDirectory(at, prefix, mode);
    if (owner) GiveDirectory(fs, at, prefix, *owner);
  }
}

// Makes the link to shared/PATH in the tree. The directory that it changes
// keeps the time that the archive gave it.
void LinkInto(Fs* fs, Fs::Handle tree, const std::string& path, unsigned mode,
              const Staging::Owner& owner) {
  std::string existing = ParentOf(path);
  while (!fs->Stat(tree, existing)) existing = ParentOf(existing);
  const std::int64_t modified = fs->Stat(tree, existing)->modified_exactly;
  MakeDirectories(fs, tree, ParentOf(path), mode, owner);
  // A new directory may have inherited other rights.
  for (std::string made = ParentOf(path); made != existing;
       made = ParentOf(made)) {
    if (fs->Stat(tree, made)->mode != mode) fs->SetMode(tree, made, mode);
  }
  fs->MakeSymlink(SharedTarget(path), tree, path);
  Own(fs, tree, path, owner);
  fs->SetModified(tree, existing, modified);
}

void MakeSharedDirectories(Fs* fs, const Config& config,
                           const Staging::Owner& owner) {
  for (const std::string& path : config.shared_dirs) {
    MakeDirectories(fs, Fs::kRoot, SharedPath(path), 0755, owner);
  }
}

// Makes shared/PATH, an empty file.
void MakeSharedFile(Fs* fs, const std::string& path,
                    const Staging::Owner& owner) {
  MakeDirectories(fs, Fs::kRoot, ParentOf(SharedPath(path)), 0755, owner);
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, SharedPath(path), OpenMode::kCreateNew, 0640));
  // The handle, not the name: see GiveDirectory.
  Own(fs, file.get(), "", owner);
}

std::vector<std::string> MissingFiles(Fs* fs, const Config& config) {
  std::vector<std::string> missing;
  for (const std::string& path : config.shared_files) {
    if (!fs->Stat(Fs::kRoot, SharedPath(path))) missing.push_back(path);
  }
  return missing;
}

// `path` is not a directory and lies above one of the `shared` paths.
[[noreturn]] void RefuseInTheWay(const std::vector<std::string>& shared,
                                 const std::string& path) {
  const auto below = std::find_if(
      shared.begin(), shared.end(),
      [&](const std::string& each) { return each.starts_with(path + "/"); });
  throw Error(ErrorCode::kUnsafeEntry,
              fmt::format("cannot link {}/{} into the release: {} of the "
                          "archive is no directory",
                          kShared, *below, Quoted(path)),
              path);
}

bool ByPath(const ManifestEntry& a, const ManifestEntry& b) {
  return a.path < b.path;
}

void RemoveWithPrefix(Fs* fs, const std::string& directory,
                      const std::string& prefix) {
  for (const DirEntry& entry : fs->List(Fs::kRoot, directory)) {
    if (!entry.name.starts_with(prefix)) continue;
    fs->RemoveFile(Fs::kRoot, directory.empty() ? entry.name
                                                : directory + "/" + entry.name);
  }
}

// Removes symlinks that a killed rollback had made to exchange with `current`.
// Anything else of such a name is what a rollback found, and is kept.
void RemoveAsideLinks(Fs* fs) {
  for (const DirEntry& entry : fs->List(Fs::kRoot, "")) {
    if (entry.type == FileType::kSymlink &&
        entry.name.starts_with(kAsidePrefix)) {
      fs->RemoveFile(Fs::kRoot, entry.name);
    }
  }
}

// A symlink in releases/ that points at itself is left over from an interrupted
// adoption: it was made there with the target of `current`, to exchange names
// with a `current` that was a directory.
void RemoveLinksToThemselves(Fs* fs, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string path = InReleases(name);
    const auto info = fs->Stat(Fs::kRoot, path);
    if (info && info->type == FileType::kSymlink &&
        fs->ReadLink(Fs::kRoot, path) == path) {
      fs->RemoveFile(Fs::kRoot, path);
    }
  }
}

void RemoveOrphanManifests(Fs* fs, const std::set<Version>& versions) {
  for (const DirEntry& entry : fs->List(Fs::kRoot, kManifests)) {
    std::string_view name = entry.name;
    if (name.ends_with(kPackedSuffix)) name.remove_suffix(kPackedSuffix.size());
    const auto version = Version::Parse(name);
    if (version && !versions.contains(*version)) RemoveManifests(fs, *version);
  }
}

}  // namespace

ReleaseListing ListReleases(Fs* fs) {
  ReleaseListing listing;
  for (const DirEntry& entry : fs->List(Fs::kRoot, kReleases)) {
    const auto version = Version::Parse(entry.name);
    if (version && entry.type == FileType::kDirectory) {
      listing.versions.insert(*version);
    } else if (entry.name.starts_with(kPartialPrefix) ||
               entry.name.starts_with(kTrashPrefix)) {
      listing.garbage.push_back(entry.name);
    } else {
      listing.unknown_entries.push_back(entry.name);
    }
  }
  return listing;
}

Staging::Staging(Fs* fs, std::uint64_t transaction)
    : fs_(fs),
      name_(InReleases(PartialName(transaction))),
      releases_(fs, fs->OpenDirectory(Fs::kRoot, kReleases)) {
  if (fs->Stat(Fs::kRoot, name_)) RemoveTree(fs, Fs::kRoot, name_);
  fs->MakeDirectory(Fs::kRoot, name_, 0700);
  tree_ = ScopedHandle(fs, fs->OpenDirectory(Fs::kRoot, name_));
}

std::vector<std::string> SharedPaths(const Config& config) {
  std::vector<std::string> paths = config.shared_dirs;
  paths.insert(paths.end(), config.shared_files.begin(),
               config.shared_files.end());
  return paths;
}

// A shared path "a/b/c" needs the directories "a" and "a/b" in the release. The
// archive may have brought them; only those it did not bring are added.
void AddSharedLinks(const Config& config, Manifest* manifest) {
  const std::vector<std::string> shared = SharedPaths(config);
  if (shared.empty()) return;
  std::set<std::string> missing;
  for (const std::string& path : shared) {
    for (std::string parent = ParentOf(path); !parent.empty();
         parent = ParentOf(parent)) {
      missing.insert(parent);
    }
  }
  auto& entries = manifest->entries;
  for (const ManifestEntry& entry : entries) {
    const auto above = missing.find(entry.path);
    if (above == missing.end()) continue;
    if (entry.kind != EntryKind::kDirectory) RefuseInTheWay(shared, *above);
    missing.erase(above);
  }
  for (const std::string& path : missing) {
    entries.push_back({.kind = EntryKind::kDirectory,
                       .path = path,
                       .mode = ImpliedMode(config.unpack.umask)});
  }
  for (const std::string& path : shared) {
    entries.push_back({.kind = EntryKind::kSymlink,
                       .path = path,
                       .target = SharedTarget(path)});
  }
  std::sort(entries.begin(), entries.end(), ByPath);
}

std::vector<std::string> MakeShared(Fs* fs, const Config& config,
                                    const Staging::Owner& owner) {
  const ScopedHandle shared(fs, fs->OpenDirectory(Fs::kRoot, kShared));
  MakeSharedDirectories(fs, config, owner);
  const std::vector<std::string> files = MissingFiles(fs, config);
  for (const std::string& path : files) MakeSharedFile(fs, path, owner);
  if (!SharedPaths(config).empty()) fs->SyncTree(shared.get());
  return files;
}

void RequireSharedFiles(Fs* fs, const Config& config) {
  const std::vector<std::string> missing = MissingFiles(fs, config);
  if (missing.empty()) return;
  const std::string path = SharedPath(missing.front());
  throw Error(ErrorCode::kSharedFileMissing,
              fmt::format("cannot link {} into the release: there is none; "
                          "`release init` makes it, then fill it in",
                          path),
              path);
}

void Staging::LinkShared(const Config& config, Manifest* manifest,
                         const Owner& owner) {
  AddSharedLinks(config, manifest);
  MakeSharedDirectories(fs_, config, owner);
  for (const std::string& path : SharedPaths(config)) {
    LinkInto(fs_, tree_.get(), path, ImpliedMode(config.unpack.umask), owner);
  }
}

void Staging::Publish(const Version& version, const Manifests& manifests,
                      const Owner& owner, unsigned mode) {
  // No release has this name yet, so manifests of this name were left by a
  // crash.
  RemoveManifests(fs_, version);
  {
    const ScopedHandle file(fs_, fs_->Open(Fs::kRoot, ManifestPath(version),
                                           OpenMode::kCreateNew, 0640));
    fs_->Write(file.get(), FormatManifest(manifests.own));
  }
  if (!manifests.packed.empty()) {
    WritePackedManifest(fs_, version, manifests.packed);
  }
  fs_->SetMode(Fs::kRoot, name_, mode);
  Own(fs_, Fs::kRoot, name_, owner);
  // Make every byte of the tree and of its manifests durable before the rename:
  // the name promises that all are complete.
  fs_->SyncTree(releases_.get());
  try {
    RenameToFreeName(fs_, Fs::kRoot, name_, Fs::kRoot, ReleasePath(version));
  } catch (const FsError& error) {
    if (error.error_number() != EEXIST) throw;
    throw Error(ErrorCode::kVersionConflict,
                fmt::format("cannot publish {}: {} appeared meanwhile",
                            version.name(), ReleasePath(version)),
                ReleasePath(version));
  }
  // Make the name durable before anything refers to it, such as `current`.
  fs_->Sync(releases_.get());
}

void RemoveManifests(Fs* fs, const Version& version) {
  fs->RemoveFile(Fs::kRoot, ManifestPath(version));
  fs->RemoveFile(Fs::kRoot, PackedManifestPath(version));
}

Manifest LoadManifest(Fs* fs, const Version& version) {
  const std::string path = ManifestPath(version);
  if (!HasManifest(fs, version)) {
    throw Error(ErrorCode::kManifestUnreadable,
                fmt::format("cannot read {}: there is none", path), path);
  }
  return ParseManifest(ReadFile(fs, path), path);
}

bool HasManifest(Fs* fs, const Version& version) {
  return fs->Stat(Fs::kRoot, ManifestPath(version)).has_value();
}

namespace {

using Failures = RemovalFailures;

// Appends the failure of `removal`, which removes `name` from releases/.
template <typename Removal>
void Attempt(Failures* failures, const std::string& name, Removal removal) {
  try {
    removal();
  } catch (const FsError& error) {
    failures->push_back({name, error.what()});
  }
}

template <typename Removal>
void Attempt(Failures* failures, Removal removal) {
  Attempt(failures, "", removal);
}

void RenameToTrash(Fs* fs, std::uint64_t transaction, const Version& version) {
  RenameToFreeName(fs, Fs::kRoot, ReleasePath(version), Fs::kRoot,
                   InReleases(TrashName(transaction, version)));
}

}  // namespace

void SetAside(Fs* fs, std::uint64_t transaction,
              const std::vector<Version>& versions) {
  if (versions.empty()) return;
  for (const Version& version : versions) {
    RenameToTrash(fs, transaction, version);
  }
  // Make the renames durable before any file is deleted; otherwise a power cut
  // can bring back the name of a release that has lost files.
  SyncDirectory(fs, kReleases);
}

RemovalFailures SetAsideEach(Fs* fs, std::uint64_t transaction,
                             const std::vector<Version>& versions) {
  RemovalFailures failures;
  for (const Version& version : versions) {
    Attempt(&failures, version.name(),
            [&] { RenameToTrash(fs, transaction, version); });
  }
  // As in SetAside.
  if (failures.size() < versions.size()) SyncDirectory(fs, kReleases);
  return failures;
}

namespace {

// Removes trees from releases/. A failure does not stop the others.
void RemoveTrees(Fs* fs, const std::vector<std::string>& names,
                 unsigned threads, Failures* failures) {
  if (names.empty()) return;
  // Sync first, and delete nothing if that fails: a killed process may have
  // renamed a tree without making that durable. A power cut during the deletion
  // would then bring back the name of a release that has lost files.
  const std::size_t before = failures->size();
  Attempt(failures, [&] { SyncDirectory(fs, kReleases); });
  if (failures->size() != before) return;
  for (const std::string& name : names) {
    Attempt(failures, name,
            [&] { RemoveTree(fs, Fs::kRoot, InReleases(name), threads); });
  }
}

}  // namespace

bool IsTrash(const std::string& name) { return name.starts_with(kTrashPrefix); }

RemovalFailures CollectGarbage(Fs* fs, unsigned threads, TrashPolicy trash) {
  Failures failures;
  ReleaseListing listing;
  Attempt(&failures, [&] { listing = ListReleases(fs); });
  if (!failures.empty()) return failures;
  if (trash == TrashPolicy::kLeave) std::erase_if(listing.garbage, IsTrash);
  RemoveTrees(fs, listing.garbage, threads, &failures);
  Attempt(&failures, [&] { RemoveWithPrefix(fs, "", kTempLinkPrefix); });
  Attempt(&failures, [&] { RemoveSpentLinks(fs, listing.versions); });
  Attempt(&failures, [&] { RemoveAsideLinks(fs); });
  Attempt(&failures,
          [&] { RemoveLinksToThemselves(fs, listing.unknown_entries); });
  Attempt(&failures,
          [&] { RemoveWithPrefix(fs, kManifests, kTempFilePrefix); });
  for (const char* prefix : {kTempFilePrefix, "confirm-", "abort-"}) {
    Attempt(&failures, [&] { RemoveWithPrefix(fs, kOwn, prefix); });
  }
  Attempt(&failures, [&] { RemoveOrphanManifests(fs, listing.versions); });
  return failures;
}

bool MayHaveTrash(Fs* fs) {
  try {
    const auto garbage = ListReleases(fs).garbage;
    return std::any_of(garbage.begin(), garbage.end(), IsTrash);
  } catch (const FsError&) {
    return true;
  }
}

RemovalFailures DeleteTrash(Fs* fs, unsigned threads) {
  Failures failures;
  std::vector<std::string> trash;
  Attempt(&failures, [&] { trash = ListReleases(fs).garbage; });
  std::erase_if(trash, std::not_fn(IsTrash));
  RemoveTrees(fs, trash, threads, &failures);
  return failures;
}

}  // namespace release
