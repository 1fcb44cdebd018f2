#include "deploy/kept_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "archive/entry_rules.h"
#include "archive/thin_manifest.h"
#include "base/hex.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "os/thread_pool.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/packed_manifest.h"
#include "store/releases.h"
#include "trust/file_hash.h"

namespace release {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;

// Completes the entries of a release's own manifest from its tree.
class Completion {
 public:
  Completion(Fs* fs, const Version& version)
      : fs_(fs),
        version_(version),
        tree_(fs, fs->OpenDirectory(Fs::kRoot, ReleasePath(version))) {}

  void Complete(ManifestEntry* entry) const {
    if (entry->kind == EntryKind::kSymlink) return;
    const auto info = fs_->Stat(tree_.get(), entry->path);
    if (!info) FailAsAltered(entry->path);
    entry->modified = info->modified;
    if (entry->kind == EntryKind::kFile) Hash(entry);
  }

 private:
  void Hash(ManifestEntry* entry) const {
    const ScopedHandle file(
        fs_, fs_->Open(tree_.get(), entry->path, OpenMode::kRead));
    std::vector<char> buffer(kBuffer);
    const FileHash found = HashFile(fs_, file.get(), &buffer);
    if (found.hash != entry->hash) FailAsAltered(entry->path);
    entry->sha256 = found.sha256;
  }

  [[noreturn]] void FailAsAltered(const std::string& path) const {
    throw Error(ErrorCode::kReleaseAltered,
                fmt::format("cannot make the manifest of {}: {} is no longer "
                            "as it was unpacked; `release verify {}` shows all "
                            "differences",
                            version_.name(), Quoted(path), version_.name()),
                path);
  }

  Fs* fs_;
  const Version& version_;
  ScopedHandle tree_;
};

std::string Make(const DeployContext& context, const Version& version) {
  Manifest manifest = LoadManifest(context.fs, version);
  const auto shared = SharedPaths(*context.config);
  std::erase_if(manifest.entries, [&](const ManifestEntry& entry) {
    return IsAtOrBelow(entry.path, shared);
  });
  manifest.version = version;
  manifest.format = 2;
  const Completion completion(context.fs, version);
  ThreadPool<> pool(context.ThreadsFor(kHashThreads), 64);
  for (ManifestEntry& entry : manifest.entries) {
    pool.Submit([&completion, &entry] { completion.Complete(&entry); });
  }
  pool.Wait();
  return FormatManifest(manifest);
}

}  // namespace

ManifestText KeptManifest(const DeployContext& context,
                          const Version& version) {
  if (auto text = ReadPackedManifest(context.fs, version)) return {*text};
  ManifestText made{Make(context, version)};
  try {
    const Lock lock(context.fs, context.system.clock, context.caller,
                    Nanoseconds(0));
    if (HasManifest(context.fs, version)) {
      StorePackedManifest(context.fs, version, made.text);
      made.stored = true;
    }
  } catch (const Error&) {
    // The caller asked for the text, and has it. A later call tries again.
  }
  return made;
}

void RequireManifest(const DeployContext& context, const Version& version,
                     const std::string& sha256) {
  const std::string found =
      HexText(DigestOf(KeptManifest(context, version).text));
  if (found == sha256) return;
  throw Error(ErrorCode::kManifestMismatch,
              fmt::format("cannot activate {}: its manifest does not have the "
                          "digest that was asked for, so it is another build; "
                          "`release manifest {} --digest` prints its own",
                          version.name(), version.name()),
              ReleasePath(version), sha256, found);
}

}  // namespace release
