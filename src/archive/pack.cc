#include "archive/pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "archive/entry_rules.h"
#include "archive/tar_writer.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "os/cancellation.h"
#include "trust/digest.h"

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

// Returns the time of each entry, in seconds.
std::vector<std::int64_t> TimesOf(Fs* tree, const Manifest& manifest,
                                  const ArchiveForm& form) {
  std::vector<std::int64_t> times;
  times.reserve(manifest.entries.size());
  for (const ManifestEntry& entry : manifest.entries) {
    times.push_back(form.time ? *form.time
                              : StatPresent(tree, entry.path).modified);
  }
  return times;
}

class Survey {
 public:
  Survey(Fs* tree, PackModes modes) : tree_(tree), modes_(modes) {}

  std::vector<ManifestEntry> Take() {
    List("");
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
    ManifestEntry entry{.path = path};
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
        Hash(&entry);
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
    if (modes_ == PackModes::kKept) {
      return AcceptedMode(directory ? ArchiveEntry::Kind::kDirectory
                                    : ArchiveEntry::Kind::kFile,
                          info.mode, 0);
    }
    return directory || (info.mode & 0100) != 0 ? 0755 : 0644;
  }

  void Hash(ManifestEntry* entry) {
    ContentHasher hasher;
    ReadThrough(tree_, entry->path, &buffer_, [&](std::span<const char> bytes) {
      hasher.Update(bytes);
      entry->size += bytes.size();
    });
    entry->hash = hasher.Finish();
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
  PackModes modes_;
  std::vector<char> buffer_ = std::vector<char>(kBuffer);
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

}  // namespace

Manifest ManifestOfTree(Fs* tree, const std::optional<Version>& version,
                        PackModes modes) {
  return {.version = version, .entries = Survey(tree, modes).Take()};
}

void WriteArchive(Fs* tree, const Manifest& manifest, const ArchiveForm& form,
                  const ByteSink& sink) {
  const auto compressor = MakeCompressor(form.compression, sink);
  TarWriter tar([&](std::span<const char> bytes) { compressor->Write(bytes); });
  const std::vector<std::int64_t> times = TimesOf(tree, manifest, form);
  const auto newest = std::max_element(times.begin(), times.end());
  const std::string text = FormatManifest(manifest);
  tar.Begin({.path = kManifestName, .mode = 0644, .size = text.size()},
            newest == times.end() ? form.time.value_or(0) : *newest);
  tar.Content(text);
  tar.EndContent();
  std::vector<char> buffer(kBuffer);
  auto time = times.begin();
  for (const ManifestEntry& entry : manifest.entries) {
    tar.Begin(entry, *time++);
    if (entry.kind == EntryKind::kFile) {
      WriteFile(tree, entry, &buffer, &tar);
    }
  }
  tar.Finish();
  compressor->Finish();
}

}  // namespace release
