#include "deploy/staging.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/entry_rules.h"
#include "base/hex.h"
#include "base/instance_names.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "base/units.h"
#include "deploy/offered_manifest.h"
#include "deploy/release_shape.h"
#include "deploy/space_need.h"
#include "os/cancellation.h"
#include "store/instance_link.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/unlocked_read.h"
#include "store/unremovable.h"

namespace release {
namespace {

// Threads that write files; more would wait for each other in the file system.
constexpr unsigned kWriters = 2;

// Threads beside the caller's, if the archive can be decoded in parallel.
constexpr unsigned kDecoders = 1;

// Returns the release on disk that the new one is likely to resemble most.
std::optional<Version> ChooseEarlier(const DeploymentState& state) {
  if (state.live) return state.live;
  const auto good = state.ledger.RollbackTarget(std::nullopt);
  const bool there = good && state.listing.versions.contains(*good);
  return there ? good : std::nullopt;
}

// Returns whether a transaction other than `but` set trees aside that are not
// deleted yet.
bool HasTrash(const DeploymentState& state, std::uint64_t but = 0) {
  const std::string except = TrashPrefix(but);
  const auto& names = state.listing.garbage;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return IsTrash(name) && !name.starts_with(except);
  });
}

// The open tree of the earlier release, and its files that can be reused.
struct Earlier {
  ScopedHandle directory;
  EarlierTree tree;

  Earlier(Fs* fs, ScopedHandle opened, EarlierTree::Sharing sharing,
          const OwnerIds& owner)
      : directory(std::move(opened)),
        tree(fs, directory.get(), sharing, owner) {}
};

// Returns how files of the earlier release are shared. A file that a thin
// archive takes over must stay as it was hashed. Therefore it gets a second
// name only if nobody but root could write by the first, and none where
// signatures are required.
EarlierTree::Sharing SharingOf(const Config& config, bool thin) {
  using Sharing = EarlierTree::Sharing;
  const Dedup dedup = config.unpack.dedup;
  if (dedup == Dedup::kOff) return Sharing::kNone;
  if (dedup != Dedup::kHardLink) return Sharing::kBlocks;
  if (!thin) return Sharing::kInodes;
  return config.verify.require_signature ? Sharing::kBlocks
                                         : Sharing::kInodesOfRoot;
}

// Returns null if no files are to be reused.
std::unique_ptr<Earlier> OpenEarlier(const DeployContext& context,
                                     const Staging& staging,
                                     const std::optional<Version>& version,
                                     const std::optional<OwnerIds>& owner,
                                     EarlierTree::Sharing sharing) {
  if (!version) return nullptr;
  try {
    ScopedHandle tree(context.fs, context.fs->OpenDirectory(
                                      Fs::kRoot, ReleasePath(*version)));
    // Files created in the staging directory inherit its owner.
    const FileInfo made = context.fs->StatHandle(staging.directory());
    return std::make_unique<Earlier>(
        context.fs, std::move(tree), sharing,
        owner.value_or(OwnerIds{made.owner, made.group}));
  } catch (const FsError&) {
    // Sharing only saves space and time, so its failure is not an error.
    return nullptr;
  }
}

// Returns the name, with a number if it is taken: two archives may come within
// the second that names them.
Version FirstFree(const DeploymentState& state, const std::string& name) {
  const auto& unknown = state.listing.unknown_entries;
  Version version = Version::ParseOrThrow(name);
  for (unsigned i = 2;; ++i) {
    if (!state.listing.versions.contains(version) &&
        std::find(unknown.begin(), unknown.end(), version.name()) ==
            unknown.end()) {
      return version;
    }
    version = Version::ParseOrThrow(fmt::format("{}-{}", name, i));
  }
}

// Returns the directory at the top that has all other entries below it.
std::optional<std::string> OnlyDirectory(const Manifest& manifest) {
  // Sorted by path, so the top directory, if it is the only one, comes first.
  const auto& entries = manifest.entries;
  if (entries.size() < 2) return std::nullopt;
  const std::string& top = entries.front().path;
  const std::string below = top + "/";
  const bool only = std::all_of(entries.begin() + 1, entries.end(),
                                [&](const ManifestEntry& entry) {
                                  return entry.path.starts_with(below);
                                });
  return only ? std::optional(top) : std::nullopt;
}

// Throws Error kVersionConflict if something that is not a release has the
// name.
void RefuseUnknownEntry(const DeploymentState& state, const Version& version) {
  const auto& unknown_entries = state.listing.unknown_entries;
  if (std::find(unknown_entries.begin(), unknown_entries.end(),
                version.name()) == unknown_entries.end()) {
    return;
  }
  throw Error(ErrorCode::kVersionConflict,
              fmt::format("cannot stage {}: {} exists and is not a directory",
                          version.name(), ReleasePath(version)),
              ReleasePath(version));
}

// Throws Error kVersionTooLong if no instance can have that version.
void RefuseTooLong(const Config& config, const Version& version) {
  const Reason problem = WhyTooLong(config, version.name());
  if (!problem) return;
  throw Error(ErrorCode::kVersionTooLong,
              fmt::format("cannot stage {}: {}", version.name(), *problem),
              version.name());
}

}  // namespace

ArchiveStaging::ArchiveStaging(DeployContext* context, ArchiveRequest request)
    : context_(context), request_(std::move(request)) {}

std::optional<Version> ArchiveStaging::ExpectedVersion() const {
  if (request_.version) return request_.version;
  return VersionFromFileName(request_.file_name, context_->config->app);
}

Version ArchiveStaging::ChooseVersion(const DeploymentState& state) {
  if (request_.version) return *request_.version;
  // The archive carries its version, so there is nothing to say about it.
  if (carried_ && carried_->version) return *carried_->version;
  if (auto version = ExpectedVersion()) {
    version_origin_ = fmt::format("the name {}", Quoted(request_.file_name));
    return *version;
  }
  version_origin_ = "the time";
  return FirstFree(state, CompactTime(context_->system.clock->WallSeconds()));
}

// Deletes trash that an earlier transaction left. Keeps the failures for Stage
// to report, because Prepare does not have a recorder.
void ArchiveStaging::DeleteTrashFirst() {
  undeletable_ = TakeUnreported(
      context_->fs,
      DeleteTrash(context_->fs, context_->ThreadsFor(kRemoveThreads)));
}

// Refuses an archive that certainly does not fit, before anything is unpacked.
// The need is a lower bound: the manifest's sizes or, without a manifest, the
// archive's own size. If it does not fit, frees trash first, then subtracts the
// files that can be shared with the earlier release.
void ArchiveStaging::CheckSpace(const DeploymentState& state,
                                TrashPolicy trash) {
  SpaceInfo space = context_->fs->Space();
  SpaceNeed needed{.bytes = archive_.size.value_or(0)};
  if (carried_) needed = {carried_->TotalBytes(), carried_->entries.size()};
  if (needed.FitsInto(space)) return;
  if (HasTrash(state)) {
    // The trash takes an unknown part of the space.
    if (trash == TrashPolicy::kLeave) return;
    DeleteTrashFirst();
    space = context_->fs->Space();
  }
  if (context_->config->unpack.dedup == Dedup::kHardLink) {
    // Without a manifest the size is unknown until the archive is unpacked.
    if (!carried_) return;
    needed.LeaveOutShared(context_->fs, *carried_, Earlier(state));
  }
  if (needed.FitsInto(space)) return;
  const bool bytes = needed.bytes > space.free_bytes;
  throw Error(ErrorCode::kNoSpace,
              fmt::format("cannot unpack {}: it needs {} and {} are free in {}",
                          request_.name,
                          bytes ? "at least " + FormatSize(needed.bytes)
                                : fmt::format("{} inodes", needed.files),
                          bytes ? FormatSize(space.free_bytes)
                                : std::to_string(space.free_inodes),
                          context_->config->root),
              context_->config->root.string(),
              std::to_string(bytes ? needed.bytes : needed.files),
              std::to_string(bytes ? space.free_bytes : space.free_inodes));
}

// An archive with evidence is hashed to its last byte before anything parses
// it; an archive without evidence is read once, while it is unpacked.
void ArchiveStaging::Admit(const DeploymentState& state,
                           PreparedTransaction* prepared) {
  GateFacts facts = AdmitEvidence(context_, archive_, state.ledger.serials());
  if (!facts.statement) return;
  {
    const ReportedWork receive(context_, "receive", archive_.size.value_or(0));
    archive_.source.CountInto(context_->bytes);
    AdmitBytes(context_, &facts, &archive_.source);
  }
  prepared->facts = EvidenceFacts(facts);
  prepared->evidence = EvidenceWords(facts);
  if (facts.signer) {
    prepared->serial = UsedSerial{
        facts.signer->key, {facts.statement->serial, facts.statement->sha256}};
  }
  admitted_ = std::move(facts);
}

// Takes the manifest that the archive carries. Restores the whole one if the
// archive is thin.
void ArchiveStaging::TakeManifest(const DeploymentState& state) {
  auto carried = reader_->TakeManifest();
  if (!carried) {
    AdmitManifest();
    return;
  }
  if (const auto* thin = std::get_if<ThinManifest>(&*carried)) {
    base_ = FindBase(context_->fs, state, *thin, request_.name);
    carried_ = Restore(*thin, base_->base.manifest, request_.name);
    reader_->Compose(&*carried_, &base_->base, SharedPaths(*context_->config));
    base_->base.manifest = {};
  } else {
    carried_ = std::move(std::get<Manifest>(*carried));
  }
  AdmitManifest();
}

// Judges the archive by its manifest, if the evidence is about that. Then all
// that is unpacked must be as the manifest says, byte for byte: nobody vouches
// for the archive itself.
void ArchiveStaging::AdmitManifest() {
  if (!admitted_ || !CoversManifest(*admitted_)) return;
  const bool there = carried_ && carried_->format >= 2;
  admitted_->manifest_sha256 = there ? HexText(DigestOf(*carried_)) : "";
  RequireAdmission(*admitted_);
  if (!base_) reader_->Compose(&*carried_, nullptr, {});
}

void ArchiveStaging::Prepare(const DeploymentState& state, TrashPolicy trash,
                             PreparedTransaction* prepared) {
  RequireRootOnOneFileSystem(context_->fs);
  archive_ = OpenArchive(context_->fs, request_);
  Admit(state, prepared);
  archive_.source.CountInto(context_->bytes);
  reader_ = std::make_unique<Reader>(
      std::move(archive_.source), archive_.name,
      Spool{.fs = context_->fs,
            .directory = Fs::kRoot,
            .name = fmt::format("{}/{}spool", kOwn, kTempFilePrefix),
            .max_size = context_->config->unpack.max_size,
            .max_entries = context_->config->unpack.max_entries,
            .threads = context_->ThreadsFor(kDecoders)});
  if (archive_.checksum || admitted_) reader_->ExpectChecksum();
  TakeManifest(state);
  const Version& version = prepared->to.emplace(ChooseVersion(state));
  RefuseUnknownEntry(state, version);
  RefuseTooLong(*context_->config, version);
  // The process of the previous transaction may still be deleting its own
  // trash, so leave that to it.
  if (trash == TrashPolicy::kDelete && HasTrash(state, state.newest)) {
    DeleteTrashFirst();
  }
  prepared->creates = !state.listing.versions.contains(version);
  if (!prepared->creates) existing_ = version;
  if (!prepared->creates) return;
  RequireSharedFiles(context_->fs, *context_->config);
  CheckSpace(state, trash);
}

void ArchiveStaging::Stage(const DeploymentState& state, StepRecorder* recorder,
                           PreparedTransaction* prepared) {
  for (const std::string& text : undeletable_) recorder->Warn(text);
  if (!version_origin_.empty()) {
    recorder->Remark(fmt::format("version {}, from {}", prepared->to->name(),
                                 version_origin_));
  }
  if (admitted_ && !admitted_->signer) {
    recorder->Warn(
        fmt::format("the attestation for {} is not signed: anybody could have "
                    "written it",
                    request_.name));
  }
  if (!existing_) {
    Create(state, recorder, prepared);
    return;
  }
  recorder->Step("compare", [&] {
    CompareWithExisting(ReadOnly());
    const Reason beside = RequireUnaltered(context_, *existing_);
    if (beside) recorder->Warn(*beside);
  });
}

Manifest ArchiveStaging::Examine(PreparedTransaction* prepared) {
  Manifest manifest = ReadOnly();
  if (!existing_) return manifest;
  const auto compared = ReadIfThere(context_->fs, *existing_, [&] {
    CompareWithExisting(manifest);
    return RequireUnaltered(context_, *existing_);
  });
  if (!compared) prepared->creates = true;
  return manifest;
}

Manifest ArchiveStaging::ReadOnly() {
  Unpacked unpacked = Unpack(reader_.get(), nullptr, Fs::kRoot, MakeOptions());
  CheckArchive(unpacked);
  AddSharedLinks(*context_->config, &unpacked.manifest);
  return std::move(unpacked.manifest);
}

unsigned ArchiveStaging::StripComponents() const {
  return request_.strip_components.value_or(
      context_->config->unpack.strip_components);
}

UnpackOptions ArchiveStaging::MakeOptions() const {
  const UnpackConfig& unpack = context_->config->unpack;
  return {
      .strip_components = StripComponents(),
      .max_bytes = unpack.max_size,
      .max_entries = unpack.max_entries,
      .owner = request_.owner,
      .umask = unpack.umask,
      .absolute_links = unpack.absolute_links,
      .reserved = SharedPaths(*context_->config),
      .writing_threads = context_->BusyThreadsFor(kWriters),
  };
}

// Checks the unpacked bytes against the evidence, the checksum and the
// archive's own manifest. The digest was computed while unpacking, so it covers
// exactly the bytes that were unpacked.
void ArchiveStaging::CheckArchive(const Unpacked& unpacked) const {
  if (admitted_ && *admitted_->sha256 != unpacked.sha256) {
    throw Error(ErrorCode::kEvidenceMismatch,
                fmt::format("cannot accept {}: it changed while it was read",
                            Printable(request_.name)),
                request_.name, *admitted_->sha256, unpacked.sha256);
  }
  if (archive_.checksum && archive_.checksum->sha256 != unpacked.sha256) {
    throw Error(ErrorCode::kChecksumMismatch,
                fmt::format("cannot accept {}: its SHA-256 is {}, {} says {}",
                            Printable(request_.name), unpacked.sha256,
                            Printable(archive_.checksum->origin),
                            archive_.checksum->sha256),
                request_.name, archive_.checksum->sha256, unpacked.sha256);
  }
  RefuseInstanceLink(*context_->config, unpacked.manifest);
  if (!carried_) return;
  const auto differences = CompareUnpacked(*carried_, unpacked.manifest,
                                           SharedPaths(*context_->config),
                                           context_->config->unpack.umask);
  if (differences.empty()) return;
  throw Error(
      ErrorCode::kManifestMismatch,
      fmt::format("cannot accept {}: {} is {} against the manifest it "
                  "carries ({} differences)",
                  Printable(request_.name), Quoted(differences.front().path),
                  DifferenceName(differences.front().what), differences.size()),
      differences.front().path);
}

// Returns the release whose files the new one may share.
std::optional<Version> ArchiveStaging::Earlier(
    const DeploymentState& state) const {
  return base_ ? base_->version : ChooseEarlier(state);
}

void ArchiveStaging::NoteTakenOver(StepRecorder* recorder) const {
  if (!base_) return;
  const TakenOver taken = reader_->taken();
  recorder->facts["base"] = base_->version.name();
  recorder->facts["received_bytes"] = std::to_string(reader_->bytes_read());
  recorder->facts["taken_files"] = std::to_string(taken.files);
  recorder->facts["taken_bytes"] = std::to_string(taken.bytes);
  recorder->Remark(fmt::format("{} received, {} in {} files taken from {}",
                               FormatSize(reader_->bytes_read()),
                               FormatSize(taken.bytes), taken.files,
                               base_->version.name()));
}

Unpacked ArchiveStaging::UnpackInto(const Staging& staging,
                                    const DeploymentState& state,
                                    StepRecorder* recorder) {
  UnpackOptions options = MakeOptions();
  const auto version = Earlier(state);
  const auto sharing = SharingOf(*context_->config, base_ != nullptr);
  const bool takes = base_ || sharing != EarlierTree::Sharing::kNone;
  const auto earlier =
      takes ? OpenEarlier(*context_, staging, version, request_.owner, sharing)
            : nullptr;
  if (earlier) options.earlier = &earlier->tree;
  Unpacked unpacked =
      Unpack(reader_.get(), context_->fs, staging.directory(), options);
  if (earlier && earlier->tree.files() != 0) {
    recorder->facts["shared_files"] = std::to_string(earlier->tree.files());
    recorder->facts["shared_bytes"] = std::to_string(earlier->tree.bytes());
    recorder->Remark(fmt::format("{} in {} files shared with {}",
                                 FormatSize(earlier->tree.bytes()),
                                 earlier->tree.files(), version->name()));
  }
  return unpacked;
}

void ArchiveStaging::WarnOfStripped(const Unpacked& unpacked,
                                    StepRecorder* recorder) const {
  if (unpacked.stripped == 0) return;
  recorder->Warn(
      fmt::format("--strip-components {} leaves out {} of the archive{}",
                  StripComponents(), Quoted(unpacked.first_stripped),
                  unpacked.stripped == 1
                      ? ""
                      : fmt::format(" and {} more", unpacked.stripped - 1)));
}

std::optional<std::string> ArchiveStaging::Hint() const {
  if (!top_directory_) return std::nullopt;
  return fmt::format(
      "the whole archive lies below {}/; if that should be the release itself, "
      "deploy it with --strip-components 1",
      Quoted(*top_directory_));
}

void ArchiveStaging::Create(const DeploymentState& state,
                            StepRecorder* recorder,
                            PreparedTransaction* prepared) {
  Staging staging(context_->fs, recorder->number());
  // Recovery compares this inode with releases/VERSION. It must not delete a
  // tree that somebody else put there.
  recorder->NoteTree(context_->fs->Stat(staging.directory(), "")->inode);
  Unpacked unpacked;
  recorder->Step("unpack", [&] {
    context_->CountBytes(archive_.size.value_or(0));
    unpacked = UnpackInto(staging, state, recorder);
    // If this throws, the tree has no release name and is collected as garbage.
    CheckArchive(unpacked);
  });
  recorder->facts["sha256"] = unpacked.sha256;
  NoteTakenOver(recorder);
  WarnOfStripped(unpacked, recorder);
  top_directory_ = OnlyDirectory(unpacked.manifest);
  recorder->Step("publish", [&] {
    staging.LinkShared(*context_->config, &unpacked.manifest, request_.owner);
    MakeInstanceLink(context_->fs, staging.directory(), *context_->config,
                     *prepared->to);
    // A version 1 lacks what identifies a release. A manifest has one spelling,
    // so this is the text of `pack`.
    const bool whole = carried_ && carried_->format >= 2;
    const std::string packed = whole ? FormatManifest(*carried_) : "";
    staging.Publish(*prepared->to, {unpacked.manifest, packed}, request_.owner);
  });
  for (const std::string& path : unpacked.left_out) {
    recorder->Warn(
        fmt::format("left out {} of the archive: its path belongs to {}/",
                    Quoted(path), kShared));
  }
  prepared->bytes = unpacked.manifest.TotalBytes();
}

void ArchiveStaging::CompareWithExisting(const Manifest& offered) const {
  const auto differences =
      CompareOffered(LoadManifest(context_->fs, *existing_), offered,
                     context_->config->unpack.umask);
  if (differences.empty()) return;
  throw Error(
      ErrorCode::kVersionConflict,
      fmt::format("cannot stage {}: a release of that name with other content "
                  "exists ({} is {}, {} differences)",
                  existing_->name(), Quoted(differences.front().path),
                  DifferenceName(differences.front().what), differences.size()),
      ReleasePath(*existing_));
}

}  // namespace release
