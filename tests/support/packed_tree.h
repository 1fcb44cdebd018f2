// A tree in memory, and the archives that `pack` makes of it.
#ifndef RELEASE_TESTS_SUPPORT_PACKED_TREE_H_
#define RELEASE_TESTS_SUPPORT_PACKED_TREE_H_

#include <cstdint>
#include <map>
#include <string>

#include "archive/pack.h"
#include "archive/thin_manifest.h"
#include "base/manifest_text.h"
#include "os/path_rules.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {

class PackedTree {
 public:
  // Path and content. A content "-> X" makes a symbolic link to X.
  using Files = std::map<std::string, std::string>;

  explicit PackedTree(const Files& files) {
    for (const auto& [path, content] : files) {
      MakeParents(ParentOf(path));
      if (content.starts_with("-> ")) {
        disk_.MakeSymlink(content.substr(3), Fs::kRoot, path);
      } else {
        PutFile(&disk_, path, content, 0644);
        disk_.SetModified(Fs::kRoot, path, kModified * 1'000'000'000);
      }
    }
    for (const auto& [path, content] : files) SetTimes(ParentOf(path));
  }

  MemFs* disk() { return &disk_; }
  Manifest ManifestFor(const std::string& version) {
    return ManifestOfTree(&disk_, Version::ParseOrThrow(version));
  }
  std::string Full(const std::string& version) {
    std::string bytes;
    WriteArchive(&disk_, ManifestFor(version), Compression::kNone,
                 Into(&bytes));
    return bytes;
  }
  // `base` is the text of a manifest.
  std::string Thin(const std::string& version, const std::string& base) {
    std::string bytes;
    WriteThinArchive(&disk_, ManifestFor(version), ParseManifest(base, "base"),
                     DigestOf(base), Compression::kNone, Into(&bytes));
    return bytes;
  }

 private:
  static constexpr std::int64_t kModified = 1'714'564'800;

  static ByteSink Into(std::string* bytes) {
    return [bytes](std::span<const char> more) {
      bytes->append(more.data(), more.size());
    };
  }
  void MakeParents(const std::string& path) {
    if (path.empty() || disk_.Stat(Fs::kRoot, path)) return;
    MakeParents(ParentOf(path));
    disk_.MakeDirectory(Fs::kRoot, path, 0755);
  }
  void SetTimes(const std::string& path) {
    if (path.empty()) return;
    disk_.SetModified(Fs::kRoot, path, kModified * 1'000'000'000);
    SetTimes(ParentOf(path));
  }

  MemFs disk_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_PACKED_TREE_H_
