#include "dropbox/rejected.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <set>

#include "dropbox/upload.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

constexpr std::string_view kReasonSuffix = ".reason.json";
// The longest stem of a reason's name. It leaves room for the prefix of the
// temporary name under which WriteFileAtomically writes the reason.
constexpr std::size_t kLongestStem = kLongestName -
                                     std::string_view(kTempFilePrefix).size() -
                                     kReasonSuffix.size();

std::string InRejected(const std::string& name) {
  return fmt::format("{}/{}", kRejected, name);
}

// Returns whether `info` describes a directory that this tool made. The
// owner of a directory can change the files in it, so one of an uploader does
// not count. This process runs as root or as the user who owns .release/.
bool IsOurs(Fs* fs, const FileInfo& info) {
  if (info.type != FileType::kDirectory) return false;
  const auto own = fs->Stat(Fs::kRoot, kOwn);
  return info.owner == 0 || (own && info.owner == own->owner);
}

bool RejectedIsOurs(Fs* fs) {
  const auto info = fs->Stat(Fs::kRoot, kRejected);
  return info && IsOurs(fs, *info);
}

// Makes incoming/rejected/ if it is missing. The uploader may own incoming/ and
// have put something else there. A file of that name is an upload, which is
// removed.
void RequireRejected(Fs* fs) {
  const auto info = fs->Stat(Fs::kRoot, kRejected);
  if (info && IsOurs(fs, *info)) return;
  const bool is_file = info && info->type == FileType::kFile;
  if (info && !is_file) {
    throw Error(ErrorCode::kRootUnsafe,
                fmt::format("cannot use {}: it is not a directory that this "
                            "tool made; remove it",
                            kRejected),
                kRejected);
  }
  if (is_file) RemoveAny(fs, kRejected);
  fs->MakeDirectory(Fs::kRoot, kRejected, 0755);
}

// Writes X.reason.json, whose message may have lines of the service's journal:
// only the group of the drop box, which is the uploader's, may read it.
void WriteReason(Fs* fs, const std::string& name, const std::string& reason) {
  WriteFileAtomically(fs, kRejected, name, reason, 0640);
  const auto box = fs->Stat(Fs::kRoot, kIncoming);
  const auto file = fs->Stat(Fs::kRoot, InRejected(name));
  if (!box || !file || file->group == box->group) return;
  try {
    fs->SetOwner(Fs::kRoot, InRejected(name), file->owner, box->group);
  } catch (const FsError&) {
    // Only root may give it to any group. The uploader cannot read it then.
  }
}

void MoveToRejected(Fs* fs, const std::string& name) {
  // An upload may be called as the directory itself.
  if (InBox(name) == kRejected) return;
  if (!fs->Stat(Fs::kRoot, InBox(name))) return;
  RemoveAny(fs, InRejected(name));
  try {
    fs->Rename(Fs::kRoot, InBox(name), Fs::kRoot, InRejected(name),
               RenameMode::kReplace);
  } catch (const FsError& error) {
    // Another command has moved it, or the uploader has removed it.
    if (error.error_number() != ENOENT) throw;
  }
}

// A reason, and the files that are kept of its upload.
struct Entry {
  std::string stem;                // the reason's name without its suffix
  std::int64_t modified = 0;       // the reason's, in seconds since 1970
  std::vector<std::string> files;  // names in incoming/rejected/
  std::uint64_t bytes = 0;         // that these take, set by MakeRoom
};

// Returns the space that a file takes, or all files below a directory. A sparse
// file may have any size without taking space. An uploader may nest directories
// to any depth, so this keeps its own stack of paths instead of recursing.
std::uint64_t BytesOf(Fs* fs, const std::string& top) {
  std::uint64_t bytes = 0;
  std::vector<std::string> paths = {top};
  while (!paths.empty()) {
    const std::string path = std::move(paths.back());
    paths.pop_back();
    const auto info = fs->Stat(Fs::kRoot, path);
    if (!info) continue;
    if (info->type != FileType::kDirectory) {
      bytes += info->stored;
      continue;
    }
    for (const DirEntry& entry : fs->List(Fs::kRoot, path)) {
      paths.push_back(path + "/" + entry.name);
    }
  }
  return bytes;
}

// Returns the names of the files that belong to the reason. Reject shortens a
// long upload's name to make the reason's, so a stem of the full length stands
// for every file that begins with it.
std::vector<std::string> FilesOf(const std::set<std::string>& names,
                                 const std::string& stem) {
  std::vector<std::string> files;
  if (stem.size() < kLongestStem) {
    for (const std::string& name : NamesOf(stem)) {
      if (names.contains(name)) files.push_back(name);
    }
    return files;
  }
  for (auto it = names.lower_bound(stem);
       it != names.end() && it->starts_with(stem); ++it) {
    if (!it->ends_with(kReasonSuffix)) files.push_back(*it);
  }
  return files;
}

// Returns the entries, the latest first: by the reasons' times, and if these
// are equal, by the numbers in the names.
std::vector<Entry> ReadRejected(Fs* fs) {
  std::set<std::string> names;
  for (const DirEntry& entry : fs->List(Fs::kRoot, kRejected)) {
    names.insert(entry.name);
  }
  std::vector<Entry> entries;
  for (const std::string& name : names) {
    if (!name.ends_with(kReasonSuffix)) continue;
    const auto info = fs->Stat(Fs::kRoot, InRejected(name));
    if (!info) continue;
    Entry entry{.stem = name.substr(0, name.size() - kReasonSuffix.size()),
                .modified = info->modified};
    entry.files = FilesOf(names, entry.stem);
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    if (a.modified != b.modified) return a.modified > b.modified;
    return strverscmp(a.stem.c_str(), b.stem.c_str()) > 0;
  });
  return entries;
}

class RejectedTrimmer {
 public:
  explicit RejectedTrimmer(Fs* fs) : fs_(fs) {}

  std::vector<std::string> Run() {
    if (!RejectedIsOurs(fs_)) return {};
    std::vector<Entry> entries = ReadRejected(fs_);
    for (std::size_t i = kKeptUploads; i < entries.size(); ++i) {
      RemoveFilesOf(&entries[i]);
    }
    MakeRoom(&entries);
    for (std::size_t i = kKeptReasons; i < entries.size(); ++i) {
      // Keep the reason of files that could not be removed, or a later run
      // would take them for somebody else's.
      if (entries[i].files.empty()) RemoveReason(entries[i]);
    }
    return std::move(failures_);
  }

 private:
  // Records a failure and goes on: if one file cannot be removed, the others
  // must still go.
  template <typename Body>
  void Try(Body body) {
    try {
      body();
    } catch (const FsError& error) {
      failures_.emplace_back(error.what());
    }
  }

  // Leaves in `entry->files` the files that could not be removed.
  void RemoveFilesOf(Entry* entry) {
    std::erase_if(entry->files, [&](const std::string& name) {
      Try([&] { RemoveAny(fs_, InRejected(name)); });
      return !fs_->Stat(Fs::kRoot, InRejected(name));
    });
  }

  void RemoveReason(const Entry& entry) {
    Try([&] {
      RemoveAny(fs_, InRejected(entry.stem + std::string(kReasonSuffix)));
    });
  }

  // Removes the oldest uploads until the rest take no more space than is free:
  // rejected uploads never fill more than half of what the releases leave over.
  // Each removal counts on both sides, as space no longer taken and as space
  // now free.
  void MakeRoom(std::vector<Entry>* entries) {
    std::uint64_t free = fs_->Space().free_bytes;
    std::uint64_t taken = 0;
    for (Entry& entry : *entries) {
      for (const std::string& name : entry.files) {
        Try([&] { entry.bytes += BytesOf(fs_, InRejected(name)); });
      }
      taken += entry.bytes;
    }
    for (auto it = entries->rbegin(); it != entries->rend(); ++it) {
      if (taken <= free) return;
      if (it->files.empty()) continue;
      RemoveFilesOf(&*it);
      taken -= it->bytes;
      free += it->bytes;
    }
  }

  Fs* fs_;
  std::vector<std::string> failures_;
};

}  // namespace

void Reject(Fs* fs, const std::string& upload, const std::string& reason) {
  RequireRejected(fs);
  const std::string name =
      upload.substr(0, kLongestStem) + std::string(kReasonSuffix);
  // A rename cannot replace a directory, so remove one that has the name.
  RemoveAny(fs, InRejected(name));
  WriteReason(fs, name, reason);
  for (const std::string& file : NamesOf(upload)) MoveToRejected(fs, file);
}

std::vector<std::string> TrimRejected(Fs* fs) {
  try {
    return RejectedTrimmer(fs).Run();
  } catch (const FsError& error) {
    return {error.what()};
  }
}

}  // namespace release
