#include "store/republish.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "store/layout.h"

namespace release {
namespace {

FileType TypeOf(EntryKind kind) {
  if (kind == EntryKind::kDirectory) return FileType::kDirectory;
  return kind == EntryKind::kSymlink ? FileType::kSymlink : FileType::kFile;
}

class Republication {
 public:
  Republication(Fs* fs, const Version& from, Fs::Handle to)
      : fs_(fs),
        version_(from),
        from_(fs, fs->OpenDirectory(Fs::kRoot, ReleasePath(from))),
        to_(to) {}

  std::uint64_t Run(const Manifest& manifest) {
    for (const ManifestEntry& entry : manifest.entries) Add(entry);
    // A new entry changes the time of its directory, so the times come last.
    const FileInfo top = fs_->StatHandle(from_.get());
    fs_->SetModified(to_, "", top.modified_exactly);
    for (const auto& [path, modified] : times_) {
      fs_->SetModified(to_, path, modified);
    }
    return copied_;
  }

 private:
  void Add(const ManifestEntry& entry) {
    const auto info = fs_->Stat(from_.get(), entry.path);
    if (!info || info->type != TypeOf(entry.kind)) Refuse(entry.path);
    if (entry.kind == EntryKind::kDirectory) {
      MakeDirectory(entry.path, *info);
      return;
    }
    try {
      fs_->MakeHardLink(from_.get(), entry.path, to_, entry.path);
    } catch (const FsError&) {
      // It has its maximum of names, or belongs to another user, …
      Copy(entry.path, *info);
    }
  }

  [[noreturn]] void Refuse(const std::string& path) const {
    throw Error(ErrorCode::kReleaseAltered,
                fmt::format("cannot publish {} again: {} is not what was "
                            "published",
                            version_.name(), Quoted(path)),
                path);
  }

  void MakeDirectory(const std::string& path, const FileInfo& info) {
    fs_->MakeDirectory(to_, path, info.mode);
    Adjust(path, info);
    times_.emplace_back(path, info.modified_exactly);
  }

  void Copy(const std::string& path, const FileInfo& info) {
    if (info.type == FileType::kSymlink) {
      fs_->MakeSymlink(*fs_->ReadLink(from_.get(), path), to_, path);
    } else {
      CopyFile(path);
    }
    Adjust(path, info);
    fs_->SetModified(to_, path, info.modified_exactly);
    ++copied_;
  }

  void CopyFile(const std::string& path) {
    const ScopedHandle source(fs_,
                              fs_->Open(from_.get(), path, OpenMode::kRead));
    const ScopedHandle made(fs_, fs_->Open(to_, path, OpenMode::kCreateNew));
    try {
      fs_->CloneContent(source.get(), made.get());
      return;
    } catch (const FsError&) {
      // The file system can share no blocks.
    }
    std::vector<char> buffer(std::size_t{256} << 10);
    for (std::uint64_t at = 0;;) {
      const std::size_t count = fs_->ReadAt(source.get(), buffer, at);
      if (count == 0) return;
      fs_->Write(made.get(), {buffer.data(), count});
      at += count;
    }
  }

  // A new entry inherits owner and rights from the directory above it. The
  // owner comes first: setting it may clear bits of the mode.
  void Adjust(const std::string& path, const FileInfo& wanted) {
    const FileInfo made = *fs_->Stat(to_, path);
    if (made.owner != wanted.owner || made.group != wanted.group) {
      fs_->SetOwner(to_, path, wanted.owner, wanted.group);
    }
    if (wanted.type != FileType::kSymlink && made.mode != wanted.mode) {
      fs_->SetMode(to_, path, wanted.mode);
    }
  }

  Fs* fs_;
  const Version& version_;
  const ScopedHandle from_;
  const Fs::Handle to_;
  std::vector<std::pair<std::string, std::int64_t>> times_;  // of directories
  std::uint64_t copied_ = 0;
};

}  // namespace

std::uint64_t RepublishTree(Fs* fs, const Version& from,
                            const Manifest& manifest, Fs::Handle to) {
  return Republication(fs, from, to).Run(manifest);
}

}  // namespace release
