#include "deploy/staging.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "os/interrupt.h"
#include "store/layout.h"
#include "store/releases.h"

namespace release {
namespace {

// More wait for one another in the file system.
constexpr unsigned kWriters = 2;

// Beside the caller's, where the archive lets it.
constexpr unsigned kDecoders = 1;

// A release on disk that most of the new one will be the same as.
std::optional<Version> ChooseEarlier(const DeploymentState& state) {
  if (state.live) return state.live;
  const auto good = state.ledger.RollbackTarget(std::nullopt);
  const bool there = good && state.listing.versions.contains(*good);
  return there ? good : std::nullopt;
}

// Whether trees were set aside and are not deleted, by another transaction than
// `but`.
bool HasTrash(const DeploymentState& state, std::uint64_t but = 0) {
  const std::string except = TrashPrefix(but);
  const auto& names = state.listing.garbage;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return IsTrash(name) && !name.starts_with(except);
  });
}

// What a release takes of the disk, at least.
struct SpaceNeed {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;

  bool FitsInto(const SpaceInfo& space) const {
    return bytes <= space.free_bytes &&
           (space.total_inodes == 0 || files <= space.free_inodes);
  }

  // What is the same in the release before, should that still be as it was.
  void LeaveOutShared(Fs* fs, const Manifest& manifest,
                      const std::optional<Version>& earlier) {
    if (!earlier || !HasManifest(fs, *earlier)) return;
    const Manifest before = LoadManifest(fs, *earlier);
    auto same = before.entries.begin();
    for (const ManifestEntry& entry : manifest.entries) {
      while (same != before.entries.end() && same->path < entry.path) ++same;
      if (same == before.entries.end()) return;
      if (entry.kind != EntryKind::kFile || *same != entry) continue;
      bytes -= entry.size;
      --files;
    }
  }
};

// The tree of that release, open, and what may be taken over from it.
struct Earlier {
  ScopedHandle directory;
  EarlierTree tree;

  Earlier(Fs* fs, ScopedHandle opened, Dedup dedup, const OwnerIds& owner)
      : directory(std::move(opened)),
        tree(fs, directory.get(),
             dedup == Dedup::kHardLink ? EarlierTree::Sharing::kInodes
                                       : EarlierTree::Sharing::kBlocks,
             owner) {}
};

// Null where nothing is to be taken over.
std::unique_ptr<Earlier> OpenEarlier(const DeployContext& context,
                                     const Staging& staging,
                                     const std::optional<Version>& version,
                                     const std::optional<OwnerIds>& owner) {
  const Dedup dedup = context.config->unpack.dedup;
  if (dedup == Dedup::kOff || !version) return nullptr;
  try {
    ScopedHandle tree(context.fs, context.fs->OpenDirectory(
                                      Fs::kRoot, ReleasePath(*version)));
    // To whom it belongs is to whom all belongs that is made in it.
    const FileInfo made = context.fs->StatHandle(staging.directory());
    return std::make_unique<Earlier>(
        context.fs, std::move(tree), dedup,
        owner.value_or(OwnerIds{made.owner, made.group}));
  } catch (const FsError&) {
    // To save room and time is no reason to fail.
    return nullptr;
  }
}

// What the manifest of an archive holds of paths that shared ones replace.
Manifest WithoutShared(Manifest manifest,
                       const std::vector<std::string>& reserved) {
  std::erase_if(manifest.entries, [&](const ManifestEntry& entry) {
    return std::any_of(
        reserved.begin(), reserved.end(), [&](const std::string& path) {
          return entry.path == path || entry.path.starts_with(path + "/");
        });
  });
  return manifest;
}

// What has the name and is no release must not be taken for one of ours.
void RefuseStranger(const DeploymentState& state, const Version& version) {
  const auto& unknown_entries = state.listing.unknown_entries;
  if (std::find(unknown_entries.begin(), unknown_entries.end(),
                version.name()) == unknown_entries.end()) {
    return;
  }
  throw Error(ErrorCode::kVersionConflict,
              fmt::format("cannot stage {}: {} is there and is no directory",
                          version.name(), ReleasePath(version)),
              ReleasePath(version));
}

}  // namespace

ArchiveStaging::ArchiveStaging(DeployContext* context, ArchiveRequest request)
    : context_(context), request_(std::move(request)) {}

Version ArchiveStaging::ChooseVersion(
    const std::optional<Manifest>& manifest) const {
  if (request_.version) return *request_.version;
  if (manifest && manifest->version) return *manifest->version;
  if (auto version =
          VersionFromFileName(request_.file_name, context_->config->app)) {
    return *version;
  }
  return Version::ParseOrThrow(
      CompactTime(context_->system.clock->WallSeconds()));
}

void ArchiveStaging::DeleteTrashFirst() {
  undeletable_ =
      DeleteTrash(context_->fs, context_->ThreadsFor(kRemoveThreads));
}

void ArchiveStaging::CheckSpace(const DeploymentState& state) {
  SpaceInfo space = context_->fs->Space();
  SpaceNeed needed{.bytes = request_.size.value_or(0)};
  if (carried_) needed = {carried_->TotalBytes(), carried_->entries.size()};
  if (needed.FitsInto(space)) return;
  if (HasTrash(state)) {
    DeleteTrashFirst();
    space = context_->fs->Space();
  }
  if (context_->config->unpack.dedup == Dedup::kHardLink) {
    // Without a manifest nobody can tell before it is unpacked.
    if (!carried_) return;
    needed.LeaveOutShared(context_->fs, *carried_, ChooseEarlier(state));
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
              context_->config->root,
              std::to_string(bytes ? needed.bytes : needed.files),
              std::to_string(bytes ? space.free_bytes : space.free_inodes));
}

// With evidence the archive is known to the last byte before anything looks
// into it; without any it is read once, while it is unpacked.
void ArchiveStaging::Admit(const DeploymentState& state,
                           TransactionSpec* spec) {
  const Ledger& ledger = state.ledger;
  GateFacts facts = AdmitEvidence(context_,
                                  {.name = request_.name,
                                   .checksum = request_.checksum,
                                   .evidence = request_.evidence},
                                  ledger.serials());
  if (!facts.statement) return;
  AdmitBytes(context_, &facts, &request_.source);
  spec->facts = EvidenceFacts(facts);
  spec->evidence = EvidenceWords(facts);
  if (facts.signer) {
    // With the commit, and not before: what was undone may be tried again.
    spec->settle = [key = facts.signer->key,
                    use = SerialUse{facts.statement->serial, *facts.sha256}](
                       Ledger* next, const Ledger::Cause&) {
      next->UseSerial(key, use);
    };
  }
  admitted_ = std::move(facts);
}

void ArchiveStaging::Prepare(const DeploymentState& state,
                             TransactionSpec* spec) {
  spec->begin.source = request_.name;
  // For the record, should the archive not open; settled again below.
  spec->begin.to =
      request_.version
          ? request_.version
          : VersionFromFileName(request_.file_name, context_->config->app);
  if (request_.open) request_.open(&request_);
  Admit(state, spec);
  reader_ = std::make_unique<Reader>(
      request_.source, request_.name,
      Spool{.fs = context_->fs,
            .directory = Fs::kRoot,
            .name = fmt::format("{}/{}spool", kOwn, kTempFilePrefix),
            .max_size = context_->config->unpack.max_size,
            .max_entries = context_->config->unpack.max_entries,
            .threads = context_->ThreadsFor(kDecoders)});
  carried_ = reader_->TakeManifest();
  const Version version = ChooseVersion(carried_);
  spec->begin.to = version;
  RefuseStranger(state, version);
  // What the transaction before this one set aside is being deleted.
  if (HasTrash(state, state.newest)) DeleteTrashFirst();
  spec->begin.creates = !state.listing.versions.contains(version);
  if (!spec->begin.creates) existing_ = version;
  if (spec->begin.creates) CheckSpace(state);
}

void ArchiveStaging::Stage(Transaction* transaction) {
  for (const std::string& text : undeletable_) transaction->Warn(text);
  if (admitted_ && !admitted_->signer) {
    transaction->Warn(
        fmt::format("the attestation for {} is not signed: anybody could have "
                    "written it",
                    request_.name));
  }
  if (!existing_) {
    Create(transaction);
    return;
  }
  transaction->Step("compare", [&] {
    CompareWithExisting(ReadOnly([&] { transaction->StopIfAsked(); }));
  });
  TransactionSpec* spec = transaction->spec();
  if (transaction->state().live == existing_ || !spec->activates) {
    spec->activates = false;
    spec->result = "unchanged";
  }
}

Manifest ArchiveStaging::Examine() {
  Manifest manifest = ReadOnly([] { ThrowIfInterrupted(); });
  if (existing_) CompareWithExisting(manifest);
  return manifest;
}

Manifest ArchiveStaging::ReadOnly(std::function<void()> between) {
  Unpacked unpacked = Unpack(reader_.get(), nullptr, Fs::kRoot,
                             MakeOptions(std::move(between)));
  CheckArchive(unpacked);
  AddSharedLinks(*context_->config, &unpacked.manifest);
  return std::move(unpacked.manifest);
}

UnpackOptions ArchiveStaging::MakeOptions(std::function<void()> between) const {
  const UnpackConfig& unpack = context_->config->unpack;
  return {
      .strip_components =
          request_.strip_components.value_or(unpack.strip_components),
      .max_bytes = unpack.max_size,
      .max_entries = unpack.max_entries,
      .owner = request_.owner,
      .reserved = SharedPaths(*context_->config),
      .writing_threads = context_->BusyThreadsFor(kWriters),
      .progress = [between = std::move(between)](std::uint64_t) { between(); }};
}

void ArchiveStaging::CheckArchive(const Unpacked& unpacked) const {
  if (admitted_ && *admitted_->sha256 != unpacked.sha256) {
    throw Error(ErrorCode::kEvidenceMismatch,
                fmt::format("cannot accept {}: it changed while it was read",
                            request_.name),
                request_.name, *admitted_->sha256, unpacked.sha256);
  }
  if (request_.checksum && request_.checksum->sha256 != unpacked.sha256) {
    throw Error(
        ErrorCode::kChecksumMismatch,
        fmt::format("cannot accept {}: its SHA-256 is {}, {} says {}",
                    request_.name, unpacked.sha256, request_.checksum->origin,
                    request_.checksum->sha256),
        request_.name, request_.checksum->sha256, unpacked.sha256);
  }
  if (!carried_) return;
  const auto differences =
      Compare(WithoutShared(*carried_, SharedPaths(*context_->config)),
              unpacked.manifest);
  if (differences.empty()) return;
  throw Error(
      ErrorCode::kManifestMismatch,
      fmt::format("cannot accept {}: {} is {} against the manifest it "
                  "carries ({} differences)",
                  request_.name, Quoted(differences.front().path),
                  DifferenceName(differences.front().what), differences.size()),
      differences.front().path);
}

Unpacked ArchiveStaging::UnpackInto(const Staging& staging,
                                    Transaction* transaction) {
  UnpackOptions options =
      MakeOptions([transaction] { transaction->StopIfAsked(); });
  const auto version = ChooseEarlier(transaction->state());
  const auto earlier = OpenEarlier(*context_, staging, version, request_.owner);
  if (earlier) options.earlier = &earlier->tree;
  Unpacked unpacked =
      Unpack(reader_.get(), context_->fs, staging.directory(), options);
  if (earlier && earlier->tree.files() != 0) {
    transaction->AddFact("shared_files", std::to_string(earlier->tree.files()));
    transaction->AddFact("shared_bytes", std::to_string(earlier->tree.bytes()));
    transaction->Remark(fmt::format("{} in {} files shared with {}",
                                    FormatSize(earlier->tree.bytes()),
                                    earlier->tree.files(), version->name()));
  }
  return unpacked;
}

void ArchiveStaging::Create(Transaction* transaction) {
  Staging staging(context_->fs, transaction->number());
  transaction->NoteTree(context_->fs->Stat(staging.directory(), "")->inode);
  Unpacked unpacked;
  transaction->Step("unpack", [&] {
    unpacked = UnpackInto(staging, transaction);
    CheckArchive(unpacked);
  });
  transaction->AddFact("sha256", unpacked.sha256);
  transaction->Step("publish", [&] {
    for (const std::string& path : staging.LinkShared(
             *context_->config, &unpacked.manifest, request_.owner)) {
      transaction->Warn(
          fmt::format("{}/{} was made empty: fill it in", kShared, path));
    }
    staging.Publish(*transaction->spec()->begin.to, unpacked.manifest,
                    request_.owner);
  });
  for (const std::string& path : unpacked.left_out) {
    transaction->Warn(fmt::format("{} of the archive gives way to {}/",
                                  Quoted(path), kShared));
  }
  transaction->spec()->bytes = unpacked.manifest.TotalBytes();
  transaction->RunHookStep("preflight", context_->config->hooks.preflight);
}

void ArchiveStaging::CompareWithExisting(const Manifest& offered) const {
  const auto differences =
      Compare(LoadManifest(context_->fs, *existing_), offered);
  if (differences.empty()) return;
  throw Error(
      ErrorCode::kVersionConflict,
      fmt::format("cannot stage {}: a release of that name with other content "
                  "is there ({} is {}, {} differences)",
                  existing_->name(), Quoted(differences.front().path),
                  DifferenceName(differences.front().what), differences.size()),
      ReleasePath(*existing_));
}

}  // namespace release
