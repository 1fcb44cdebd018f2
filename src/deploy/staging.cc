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
std::optional<Version> ChooseEarlier(const Standing& standing) {
  if (standing.live) return standing.live;
  const auto good = standing.ledger.RollbackTarget(std::nullopt);
  const bool there = good && standing.listing.versions.contains(*good);
  return there ? good : std::nullopt;
}

// Whether trees were set aside and are not deleted, by another transaction than
// `but`.
bool HasTrash(const Standing& standing, std::uint64_t but = 0) {
  const std::string except = TrashPrefix(but);
  const auto& names = standing.listing.garbage;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return IsTrash(name) && !name.starts_with(except);
  });
}

// What a release takes of the disk, at least.
struct Room {
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
  Opened directory;
  EarlierTree tree;

  Earlier(Fs* fs, Opened opened, Dedup dedup, const OwnerIds& owner)
      : directory(std::move(opened)),
        tree(fs, directory.get(),
             dedup == Dedup::kHardLink ? EarlierTree::Sharing::kInodes
                                       : EarlierTree::Sharing::kBlocks,
             owner) {}
};

// Null where nothing is to be taken over.
std::unique_ptr<Earlier> OpenEarlier(const Host& host, const Staging& staging,
                                     const std::optional<Version>& version,
                                     const std::optional<OwnerIds>& owner) {
  const Dedup dedup = host.config->unpack.dedup;
  if (dedup == Dedup::kOff || !version) return nullptr;
  try {
    Opened tree(host.fs,
                host.fs->OpenDirectory(Fs::kRoot, ReleasePath(*version)));
    // To whom it belongs is to whom all belongs that is made in it.
    const FileInfo made = host.fs->Examine(staging.directory());
    return std::make_unique<Earlier>(
        host.fs, std::move(tree), dedup,
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
void RefuseStranger(const Standing& standing, const Version& version) {
  const auto& strangers = standing.listing.strangers;
  if (std::find(strangers.begin(), strangers.end(), version.name()) ==
      strangers.end()) {
    return;
  }
  throw Error(ErrorCode::kVersionConflict,
              fmt::format("cannot stage {}: {} is there and is no directory",
                          version.name(), ReleasePath(version)),
              ReleasePath(version));
}

}  // namespace

ArchiveStaging::ArchiveStaging(Host* host, Offer offer)
    : host_(host), offer_(std::move(offer)) {}

Version ArchiveStaging::ChooseVersion(
    const std::optional<Manifest>& manifest) const {
  if (offer_.version) return *offer_.version;
  if (manifest && manifest->version) return *manifest->version;
  if (auto version =
          VersionFromFileName(offer_.file_name, host_->config->app)) {
    return *version;
  }
  return Version::ParseOrThrow(CompactTime(host_->doors.clock->WallSeconds()));
}

void ArchiveStaging::DeleteTrashFirst() {
  undeletable_ = DeleteTrash(host_->fs, host_->ThreadsFor(kRemoveThreads));
}

void ArchiveStaging::CheckSpace(const Standing& standing) {
  SpaceInfo space = host_->fs->Space();
  Room needed{.bytes = offer_.size.value_or(0)};
  if (carried_) needed = {carried_->TotalBytes(), carried_->entries.size()};
  if (needed.FitsInto(space)) return;
  if (HasTrash(standing)) {
    DeleteTrashFirst();
    space = host_->fs->Space();
  }
  if (host_->config->unpack.dedup == Dedup::kHardLink) {
    // Without a manifest nobody can tell before it is unpacked.
    if (!carried_) return;
    needed.LeaveOutShared(host_->fs, *carried_, ChooseEarlier(standing));
  }
  if (needed.FitsInto(space)) return;
  const bool bytes = needed.bytes > space.free_bytes;
  throw Error(ErrorCode::kNoSpace,
              fmt::format("cannot unpack {}: it needs {} and {} are free in {}",
                          offer_.name,
                          bytes ? "at least " + FormatSize(needed.bytes)
                                : fmt::format("{} inodes", needed.files),
                          bytes ? FormatSize(space.free_bytes)
                                : std::to_string(space.free_inodes),
                          host_->config->root),
              host_->config->root,
              std::to_string(bytes ? needed.bytes : needed.files),
              std::to_string(bytes ? space.free_bytes : space.free_inodes));
}

// With evidence the archive is known to the last byte before anything looks
// into it; without any it is read once, while it is unpacked.
void ArchiveStaging::Admit(const Standing& standing, Work* work) {
  const Ledger& ledger = standing.ledger;
  GateFacts facts = AdmitEvidence(host_,
                                  {.name = offer_.name,
                                   .checksum = offer_.checksum,
                                   .evidence = offer_.evidence},
                                  ledger.serials());
  if (!facts.statement) return;
  AdmitBytes(host_, &facts, &offer_.source);
  work->facts = EvidenceFacts(facts);
  work->evidence = EvidenceWords(facts);
  if (facts.signer) {
    // With the commit, and not before: what was undone may be tried again.
    work->settle = [key = facts.signer->key,
                    use = SerialUse{facts.statement->serial, *facts.sha256}](
                       Ledger* next, const Ledger::Cause&) {
      next->UseSerial(key, use);
    };
  }
  admitted_ = std::move(facts);
}

void ArchiveStaging::Prepare(const Standing& standing, Work* work) {
  work->begin.source = offer_.name;
  // For the record, should the archive not open; settled again below.
  work->begin.to = offer_.version ? offer_.version
                                  : VersionFromFileName(offer_.file_name,
                                                        host_->config->app);
  if (offer_.open) offer_.open(&offer_);
  Admit(standing, work);
  reader_ = std::make_unique<Reader>(
      offer_.source, offer_.name,
      Spool{.fs = host_->fs,
            .directory = Fs::kRoot,
            .name = fmt::format("{}/{}spool", kOwn, kTempFilePrefix),
            .max_size = host_->config->unpack.max_size,
            .max_entries = host_->config->unpack.max_entries,
            .threads = host_->ThreadsFor(kDecoders)});
  carried_ = reader_->TakeManifest();
  const Version version = ChooseVersion(carried_);
  work->begin.to = version;
  RefuseStranger(standing, version);
  // What the transaction before this one set aside is being deleted.
  if (HasTrash(standing, standing.newest)) DeleteTrashFirst();
  work->begin.creates = !standing.listing.versions.contains(version);
  if (!work->begin.creates) existing_ = version;
  if (work->begin.creates) CheckSpace(standing);
}

void ArchiveStaging::Stage(Transaction* transaction) {
  for (const std::string& text : undeletable_) transaction->Warn(text);
  if (admitted_ && !admitted_->signer) {
    transaction->Warn(
        fmt::format("the attestation for {} is not signed: anybody could have "
                    "written it",
                    offer_.name));
  }
  if (!existing_) {
    Create(transaction);
    return;
  }
  transaction->Step("compare", [&] {
    CompareWithExisting(ReadOnly([&] { transaction->StopIfAsked(); }));
  });
  Work* work = transaction->work();
  if (transaction->standing().live == existing_ || !work->activates) {
    work->activates = false;
    work->result = "unchanged";
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
  AddSharedLinks(*host_->config, &unpacked.manifest);
  return std::move(unpacked.manifest);
}

UnpackOptions ArchiveStaging::MakeOptions(std::function<void()> between) const {
  const UnpackConfig& unpack = host_->config->unpack;
  return {
      .strip_components =
          offer_.strip_components.value_or(unpack.strip_components),
      .max_bytes = unpack.max_size,
      .max_entries = unpack.max_entries,
      .owner = offer_.owner,
      .reserved = SharedPaths(*host_->config),
      .writing_threads = host_->BusyThreadsFor(kWriters),
      .progress = [between = std::move(between)](std::uint64_t) { between(); }};
}

void ArchiveStaging::CheckArchive(const Unpacked& unpacked) const {
  if (admitted_ && *admitted_->sha256 != unpacked.sha256) {
    throw Error(ErrorCode::kEvidenceMismatch,
                fmt::format("cannot accept {}: it changed while it was read",
                            offer_.name),
                offer_.name, *admitted_->sha256, unpacked.sha256);
  }
  if (offer_.checksum && offer_.checksum->sha256 != unpacked.sha256) {
    throw Error(ErrorCode::kChecksumMismatch,
                fmt::format("cannot accept {}: its SHA-256 is {}, {} says {}",
                            offer_.name, unpacked.sha256,
                            offer_.checksum->origin, offer_.checksum->sha256),
                offer_.name, offer_.checksum->sha256, unpacked.sha256);
  }
  if (!carried_) return;
  const auto differences = Compare(
      WithoutShared(*carried_, SharedPaths(*host_->config)), unpacked.manifest);
  if (differences.empty()) return;
  throw Error(
      ErrorCode::kManifestMismatch,
      fmt::format("cannot accept {}: {} is {} against the manifest it "
                  "carries ({} differences)",
                  offer_.name, Quoted(differences.front().path),
                  DifferenceName(differences.front().what), differences.size()),
      differences.front().path);
}

Unpacked ArchiveStaging::UnpackInto(const Staging& staging,
                                    Transaction* transaction) {
  UnpackOptions options =
      MakeOptions([transaction] { transaction->StopIfAsked(); });
  const auto version = ChooseEarlier(transaction->standing());
  const auto earlier = OpenEarlier(*host_, staging, version, offer_.owner);
  if (earlier) options.earlier = &earlier->tree;
  Unpacked unpacked =
      Unpack(reader_.get(), host_->fs, staging.directory(), options);
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
  Staging staging(host_->fs, transaction->number());
  transaction->NoteTree(host_->fs->Stat(staging.directory(), "")->inode);
  Unpacked unpacked;
  transaction->Step("unpack", [&] {
    unpacked = UnpackInto(staging, transaction);
    CheckArchive(unpacked);
  });
  transaction->AddFact("sha256", unpacked.sha256);
  transaction->Step("publish", [&] {
    for (const std::string& path :
         staging.LinkShared(*host_->config, &unpacked.manifest, offer_.owner)) {
      transaction->Warn(
          fmt::format("{}/{} was made empty: fill it in", kShared, path));
    }
    staging.Publish(*transaction->work()->begin.to, unpacked.manifest,
                    offer_.owner);
  });
  for (const std::string& path : unpacked.left_out) {
    transaction->Warn(fmt::format("{} of the archive gives way to {}/",
                                  Quoted(path), kShared));
  }
  transaction->work()->bytes = unpacked.manifest.TotalBytes();
  transaction->RunHookStep("preflight", host_->config->hooks.preflight);
}

void ArchiveStaging::CompareWithExisting(const Manifest& offered) const {
  const auto differences =
      Compare(LoadManifest(host_->fs, *existing_), offered);
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
