#include "store/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "os/cancellation.h"
#include "os/thread_pool.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/releases.h"
#include "trust/digest.h"

namespace release {
namespace {

constexpr std::size_t kBlock = 256 * 1024;  // bytes per read

// The most entries of one directory in one task, so that several threads share
// a large directory.
constexpr std::size_t kAtOnce = 128;

// A mark in the mode of an entry that is not a file, directory or symlink. It
// lies above the permission bits.
constexpr unsigned kUnlistable = 0100000;

// `size` is the size that the listing had; `buffer` is kept for the next file.
ContentHash HashFile(Fs* fs, Fs::Handle directory, const std::string& name,
                     std::uint64_t size, std::string* buffer) {
  const ScopedHandle file(fs, fs->Open(directory, name, OpenMode::kRead));
  // Make the buffer only as large as this file needs: each thread has one.
  const auto wanted = std::clamp<std::uint64_t>(size, 4096, kBlock);
  if (buffer->size() < wanted) buffer->resize(wanted);
  ContentHasher hasher;
  std::uint64_t offset = 0;
  while (const std::size_t n = fs->ReadAt(file.get(), *buffer, offset)) {
    ThrowIfCancelled();
    hasher.Update({buffer->data(), n});
    offset += n;
    // The file has grown since: its hash is another one already.
    if (offset > size) break;
  }
  return hasher.Finish();
}

// Lists a tree with several threads and makes a manifest of it. With a cold
// cache most of the time goes into waiting for one small file after another, so
// more threads help even on one core. A task scans one directory, or a part of
// a large one, and submits a task for each subdirectory. The order in which
// they finish is random; Scan sorts the entries at the end.
class Scanner {
 public:
  // Which files are read. A file that is not read gets the hash that `expected`
  // has for it, so that a comparison sees only its other differences.
  enum class Reading {
    kAll,
    // Only files of the expected size. The others differ already, and a sparse
    // file can have any size without taking space.
    kExpectedSize,
    kNone
  };

  // `expected` must outlive this.
  Scanner(Fs* fs, const std::string& path, const Manifest& expected,
          Reading reading, unsigned threads)
      : fs_(fs),
        path_(path),
        top_(fs, fs->OpenDirectory(Fs::kRoot, path)),
        reading_(reading),
        pool_(threads, 1) {
    for (const ManifestEntry& entry : expected.entries) {
      expected_[entry.path] = &entry;
    }
  }

  // Makes Scan throw Error kNotAdoptable when it comes to another file system.
  void StayOnFileSystem() { device_ = fs_->Stat(top_.get(), "")->device; }

  Manifest Scan() {
    pool_.Submit([this] { ScanDirectory(""); });
    pool_.Wait();
    std::sort(manifest_.entries.begin(), manifest_.entries.end(),
              [](const ManifestEntry& a, const ManifestEntry& b) {
                return a.path < b.path;
              });
    return std::move(manifest_);
  }

 private:
  using Names = std::vector<DirEntry>;

  void ScanDirectory(const std::string& path) {
    Names names = fs_->List(top_.get(), path);
    while (names.size() > kAtOnce) {
      const auto first = names.end() - kAtOnce;
      pool_.SubmitFromTask([this, path, some = Names(first, names.end())] {
        ScanNames(path, some);
      });
      names.erase(first, names.end());
    }
    ScanNames(path, names);
  }

  void ScanNames(const std::string& path, const Names& names) {
    const ScopedHandle directory(fs_, fs_->OpenDirectory(top_.get(), path));
    const std::string prefix = path.empty() ? "" : path + "/";
    std::vector<ManifestEntry> found;
    std::string buffer;
    for (const DirEntry& name : names) {
      ThrowIfCancelled();
      const auto info = fs_->Stat(directory.get(), name.name);
      // The entry was removed after the listing. The comparison then reports it
      // as missing.
      if (!info) continue;
      if (device_) RequireDevice(prefix + name.name, *info);
      found.push_back(
          EntryOf(directory.get(), name.name, prefix, *info, &buffer));
      if (info->type != FileType::kDirectory) continue;
      pool_.SubmitFromTask(
          [this, below = found.back().path] { ScanDirectory(below); });
    }
    const std::lock_guard lock(mutex_);
    std::move(found.begin(), found.end(),
              std::back_inserter(manifest_.entries));
  }

  void RequireDevice(const std::string& path, const FileInfo& info) const {
    if (info.device == *device_) return;
    throw Error(ErrorCode::kNotAdoptable,
                fmt::format("cannot take over {}: {} is on another file "
                            "system; mount it below {}/ and put a link in its "
                            "place",
                            path_, Quoted(path), kShared),
                path_ + "/" + path);
  }

  ManifestEntry EntryOf(Fs::Handle directory, const std::string& name,
                        const std::string& prefix, const FileInfo& info,
                        std::string* buffer) {
    ManifestEntry entry{.path = prefix + name, .mode = info.mode};
    switch (info.type) {
      case FileType::kDirectory:
        entry.kind = EntryKind::kDirectory;
        break;
      case FileType::kSymlink:
        entry.kind = EntryKind::kSymlink;
        entry.mode = 0;
        entry.target = fs_->ReadLink(directory, name).value_or("");
        break;
      case FileType::kFile:
        entry.size = info.size;
        entry.hash = HashOf(directory, name, entry, buffer);
        break;
      case FileType::kOther:
        // A manifest cannot list such an entry. Return it as an empty file with
        // an impossible mode, so that the comparison reports it as extra or
        // changed.
        entry.mode |= kUnlistable;
        break;
    }
    return entry;
  }

  ContentHash HashOf(Fs::Handle directory, const std::string& name,
                     const ManifestEntry& found, std::string* buffer) {
    const auto it = expected_.find(found.path);
    const ManifestEntry* expected =
        it == expected_.end() ? nullptr : it->second;
    const bool reads =
        reading_ == Reading::kAll ||
        (reading_ == Reading::kExpectedSize && expected != nullptr &&
         expected->kind == EntryKind::kFile && expected->size == found.size);
    if (reads) return HashFile(fs_, directory, name, found.size, buffer);
    return expected == nullptr ? ContentHash{} : expected->hash;
  }

  Fs* fs_;
  const std::string path_;
  ScopedHandle top_;
  const Reading reading_;
  std::optional<std::uint64_t> device_;
  std::unordered_map<std::string_view, const ManifestEntry*> expected_;
  std::mutex mutex_;
  Manifest manifest_;
  ThreadPool<> pool_;  // last: its threads use the rest
};

using Reading = Scanner::Reading;

std::vector<ManifestDifference> ScanAndCompare(Fs* fs, const std::string& path,
                                               const Manifest& manifest,
                                               Reading reading,
                                               unsigned threads) {
  return Compare(manifest,
                 Scanner(fs, path, manifest, reading, threads).Scan());
}

}  // namespace

std::vector<ManifestDifference> VerifyRelease(Fs* fs, const Version& version,
                                              unsigned threads) {
  return ScanAndCompare(fs, ReleasePath(version), LoadManifest(fs, version),
                        Reading::kExpectedSize, threads);
}

std::vector<ManifestDifference> CompareShape(Fs* fs, const Version& version,
                                             unsigned threads) {
  return CompareShape(fs, ReleasePath(version), LoadManifest(fs, version),
                      threads);
}

std::vector<ManifestDifference> CompareShape(Fs* fs, const std::string& path,
                                             const Manifest& manifest,
                                             unsigned threads) {
  return ScanAndCompare(fs, path, manifest, Reading::kNone, threads);
}

HashedTree HashTree(Fs* fs, const std::string& path, unsigned threads) {
  const Manifest none;
  Scanner scanner(fs, path, none, Reading::kAll, threads);
  scanner.StayOnFileSystem();
  HashedTree tree{.manifest = scanner.Scan(), .left_out = {}};
  std::erase_if(tree.manifest.entries, [&](const ManifestEntry& entry) {
    if ((entry.mode & kUnlistable) == 0) return false;
    tree.left_out.push_back(entry.path);
    return true;
  });
  return tree;
}

void RequireOneFileSystem(Fs* fs, const std::string& path, unsigned threads) {
  const Manifest none;
  Scanner scanner(fs, path, none, Reading::kNone, threads);
  scanner.StayOnFileSystem();
  scanner.Scan();
}

}  // namespace release
