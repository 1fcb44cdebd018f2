#include "store/verify.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "store/durable.h"
#include "store/layout.h"
#include "store/releases.h"
#include "trust/digest.h"

namespace release {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

class Scanner {
 public:
  // Without `hashes` every file gets the hash the manifest expects.
  Scanner(Fs* fs, const Manifest* hashes)
      : fs_(fs), buffer_(hashes == nullptr ? kBlock : 0, '\0') {
    if (hashes == nullptr) return;
    for (const ManifestEntry& entry : hashes->entries) {
      expected_[entry.path] = entry.hash;
    }
    reads_ = false;
  }

  void Scan(Fs::Handle at, const std::string& name, const std::string& prefix) {
    const Opened directory(fs_, fs_->OpenDirectory(at, name));
    for (const DirEntry& entry : fs_->List(directory.get(), "")) {
      const auto info = fs_->Stat(directory.get(), entry.name);
      // Gone between the listing and the look: a difference like any other.
      if (!info) continue;
      Add(directory.get(), entry.name, prefix + entry.name, *info);
    }
  }

  Manifest Take() {
    std::sort(manifest_.entries.begin(), manifest_.entries.end(),
              [](const ManifestEntry& a, const ManifestEntry& b) {
                return a.path < b.path;
              });
    return std::move(manifest_);
  }

 private:
  void Add(Fs::Handle directory, const std::string& name,
           const std::string& path, const FileInfo& info) {
    ManifestEntry entry{.path = path, .mode = info.mode};
    switch (info.type) {
      case FileType::kDirectory:
        entry.kind = EntryKind::kDirectory;
        manifest_.entries.push_back(entry);
        Scan(directory, name, path + "/");
        return;
      case FileType::kSymlink:
        entry.kind = EntryKind::kSymlink;
        entry.mode = 0;
        entry.target = fs_->ReadLink(directory, name).value_or("");
        break;
      case FileType::kFile:
        entry.size = info.size;
        entry.hash = reads_ ? Hash(directory, name) : expected_[path];
        break;
      case FileType::kOther:
        // No manifest lists one; as an empty file with a mode no file has it
        // shows up as extra or changed.
        entry.mode |= 0100000;
        break;
    }
    manifest_.entries.push_back(entry);
  }

  ContentHash Hash(Fs::Handle directory, const std::string& name) {
    const Opened file(fs_, fs_->Open(directory, name, OpenMode::kRead));
    hasher_.Reset();
    std::uint64_t offset = 0;
    while (const std::size_t n = fs_->ReadAt(file.get(), buffer_, offset)) {
      hasher_.Update({buffer_.data(), n});
      offset += n;
    }
    return hasher_.Finish();
  }

  Fs* fs_;
  std::string buffer_;
  ContentHasher hasher_;
  bool reads_ = true;
  std::unordered_map<std::string_view, ContentHash> expected_;
  Manifest manifest_;
};

Manifest Scan(Fs* fs, const Version& version, const Manifest* hashes) {
  Scanner scanner(fs, hashes);
  scanner.Scan(Fs::kRoot, ReleasePath(version), "");
  return scanner.Take();
}

}  // namespace

std::vector<ManifestDifference> VerifyRelease(Fs* fs, const Version& version) {
  const Manifest manifest = LoadManifest(fs, version);
  return Compare(manifest, Scan(fs, version, nullptr));
}

std::vector<ManifestDifference> CompareShape(Fs* fs, const Version& version) {
  const Manifest manifest = LoadManifest(fs, version);
  return Compare(manifest, Scan(fs, version, &manifest));
}

}  // namespace release
