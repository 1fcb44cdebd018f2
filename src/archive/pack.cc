#include "archive/pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "archive/content_index.h"
#include "archive/entry_rules.h"
#include "archive/tar_writer.h"
#include "archive/thin_manifest.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "os/cancellation.h"
#include "os/thread_pool.h"
#include "trust/digest.h"
#include "trust/file_hash.h"

namespace release {
namespace {

constexpr char kManifestName[] = ".release-manifest";
constexpr std::size_t kBuffer = 256 * 1024;

void ReadThrough(Fs* tree, const std::string& path, std::vector<char>* buffer,
                 const ByteSink& sink) {
  const ScopedHandle file(tree, tree->Open(Fs::kRoot, path, OpenMode::kRead));
  std::uint64_t offset = 0;
  while (const std::size_t n = tree->ReadAt(file.get(), *buffer, offset)) {
    sink({buffer->data(), n});
    offset += n;
    ThrowIfCancelled();
  }
}

FileInfo StatPresent(Fs* tree, const std::string& path) {
  const auto info = tree->Stat(Fs::kRoot, path);
  if (info) return *info;
  throw Error(ErrorCode::kIoError,
              fmt::format("cannot pack {}: it went away", Quoted(path)), path);
}

// Returns the newest time of all entries; 0 if there is none.
std::int64_t NewestTime(const Manifest& manifest) {
  const auto newest =
      std::max_element(manifest.entries.begin(), manifest.entries.end(),
                       [](const ManifestEntry& a, const ManifestEntry& b) {
                         return a.modified < b.modified;
                       });
  return newest == manifest.entries.end() ? 0 : newest->modified;
}

class Survey {
 public:
  Survey(Fs* tree, const PackForm& form) : tree_(tree), form_(form) {}

  std::vector<ManifestEntry> Take() {
    List("");
    HashFiles();
    std::sort(entries_.begin(), entries_.end(),
              [](const ManifestEntry& a, const ManifestEntry& b) {
                return a.path < b.path;
              });
    // Check in the order in which an unpacker will read them.
    EntryRules rules({});
    for (ManifestEntry& entry : entries_) Check(&rules, entry);
    return std::move(entries_);
  }

 private:
  void List(const std::string& directory) {
    for (const DirEntry& found : tree_->List(Fs::kRoot, directory)) {
      const std::string path =
          directory.empty() ? found.name : directory + "/" + found.name;
      // Skip the manifest of an earlier archive; this one gets its own.
      if (path != kManifestName) Add(path);
    }
  }

  void Add(const std::string& path) {
    const FileInfo info = StatPresent(tree_, path);
    ManifestEntry entry{.path = path,
                        .modified = form_.time.value_or(info.modified)};
    switch (info.type) {
      case FileType::kDirectory:
        entry.kind = EntryKind::kDirectory;
        entry.mode = ModeOf(info);
        List(path);
        break;
      case FileType::kSymlink:
        entry.kind = EntryKind::kSymlink;
        entry.target = tree_->ReadLink(Fs::kRoot, path).value_or("");
        break;
      case FileType::kFile:
        entry.mode = ModeOf(info);
        break;
      case FileType::kOther:
        throw Error(ErrorCode::kUnsafeEntry,
                    fmt::format("cannot pack {}: it is neither file, directory "
                                "nor link",
                                Quoted(path)),
                    path);
    }
    entries_.push_back(std::move(entry));
  }

  unsigned ModeOf(const FileInfo& info) const {
    const bool directory = info.type == FileType::kDirectory;
    if (form_.modes == PackModes::kKept) {
      return AcceptedMode(directory ? ArchiveEntry::Kind::kDirectory
                                    : ArchiveEntry::Kind::kFile,
                          info.mode, 0);
    }
    return directory || (info.mode & 0100) != 0 ? 0755 : 0644;
  }

  // Each thread takes the next few files.
  void HashFiles() {
    constexpr std::size_t kAtOnce = 64;
    ThreadPool<> pool(form_.threads, 2 * form_.threads + 1);
    for (std::size_t i = 0; i < entries_.size(); i += kAtOnce) {
      pool.Submit([this, i] {
        std::vector<char> buffer(kBuffer);
        const std::size_t end = std::min(i + kAtOnce, entries_.size());
        for (std::size_t at = i; at < end; ++at) Hash(&entries_[at], &buffer);
      });
    }
    pool.Wait();
  }

  void Hash(ManifestEntry* entry, std::vector<char>* buffer) const {
    if (entry->kind != EntryKind::kFile) return;
    const ScopedHandle file(
        tree_, tree_->Open(Fs::kRoot, entry->path, OpenMode::kRead));
    const FileHash found = HashFile(tree_, file.get(), buffer);
    entry->size = found.size;
    entry->hash = found.hash;
    entry->sha256 = found.sha256;
  }

  static void Check(EntryRules* rules, const ManifestEntry& entry) {
    ArchiveEntry like;
    like.kind =
        entry.kind == EntryKind::kDirectory ? ArchiveEntry::Kind::kDirectory
        : entry.kind == EntryKind::kSymlink ? ArchiveEntry::Kind::kSymlink
                                            : ArchiveEntry::Kind::kFile;
    like.path = entry.path;
    like.target = entry.target;
    like.mode = entry.mode;
    rules->Accept(like);
  }

  Fs* tree_;
  const PackForm& form_;
  std::vector<ManifestEntry> entries_;
};

void WriteFile(Fs* tree, const ManifestEntry& entry, std::vector<char>* buffer,
               TarWriter* tar) {
  ContentHasher hasher;
  ReadThrough(tree, entry.path, buffer, [&](std::span<const char> bytes) {
    hasher.Update(bytes);
    tar->Content(bytes);
  });
  tar->EndContent();
  if (hasher.Finish() == entry.hash) return;
  throw Error(
      ErrorCode::kIoError,
      fmt::format("cannot pack {}: it changed meanwhile", Quoted(entry.path)),
      entry.path);
}

// Writes an archive with `first` as its manifest, and of the other entries
// those whose number `brings` has; null: all. Compressing takes much memory, so
// the first is let go of once it is written.
void Write(Fs* tree, const Manifest& manifest, std::string first,
           const std::vector<bool>* brings, Compression compression,
           const ByteSink& sink) {
  const auto compressor = MakeCompressor(compression, sink);
  TarWriter tar([&](std::span<const char> bytes) { compressor->Write(bytes); });
  tar.Begin({.path = kManifestName, .mode = 0644, .size = first.size()},
            NewestTime(manifest));
  tar.Content(first);
  tar.EndContent();
  first = std::string();
  std::vector<char> buffer(kBuffer);
  for (std::size_t i = 0; i < manifest.entries.size(); ++i) {
    if (brings != nullptr && !(*brings)[i]) continue;
    const ManifestEntry& entry = manifest.entries[i];
    tar.Begin(entry, entry.modified);
    if (entry.kind == EntryKind::kFile) {
      WriteFile(tree, entry, &buffer, &tar);
    }
  }
  tar.Finish();
  compressor->Finish();
}

// Returns which files of the manifest have a content that the base lacks.
std::vector<bool> LacksIn(const Manifest& base, const Manifest& manifest) {
  const ContentIndex index(base);
  std::vector<bool> lacks;
  lacks.reserve(manifest.entries.size());
  for (const ManifestEntry& entry : manifest.entries) {
    lacks.push_back(entry.kind == EntryKind::kFile && !index.Covers(entry));
  }
  return lacks;
}

}  // namespace

Manifest ManifestOfTree(Fs* tree, const std::optional<Version>& version,
                        const PackForm& form) {
  return {version, Survey(tree, form).Take(), 2};
}

Sha256Bytes WriteArchive(Fs* tree, const Manifest& manifest,
                         Compression compression, const ByteSink& sink) {
  std::string text = FormatManifest(manifest);
  const Sha256Bytes digest = DigestOf(text);
  Write(tree, manifest, std::move(text), nullptr, compression, sink);
  return digest;
}

Sha256Bytes WriteThinArchive(Fs* tree, const Manifest& manifest, Manifest base,
                             const Sha256Bytes& base_digest,
                             Compression compression, const ByteSink& sink) {
  const ThinManifest thin = DifferenceFrom(base, base_digest, manifest);
  const std::vector<bool> brings = LacksIn(base, manifest);
  base = {};
  Write(tree, manifest, FormatThinManifest(thin), &brings, compression, sink);
  return thin.whole;
}

}  // namespace release
