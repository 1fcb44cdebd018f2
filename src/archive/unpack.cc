#include "archive/unpack.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "archive/entry_rules.h"
#include "archive/tree_writer.h"
#include "base/error.h"
#include "base/text.h"
#include "os/cancellation.h"
#include "trust/digest.h"

namespace release {
namespace {

using Attributes = TreeWriter::Attributes;
using Kind = ArchiveEntry::Kind;

constexpr std::size_t kSmall = std::size_t{256} << 10;
// The most bytes and entries between two looks for a request to stop.
constexpr std::uint64_t kCheckedBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kCheckedEntries = 1000;

// Counts the components of a path, without "." and empty ones.
std::size_t ComponentsOf(std::string_view path) {
  std::size_t count = 0;
  while (!path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    if (!component.empty() && component != ".") ++count;
    path.remove_prefix(std::min(component.size() + 1, path.size()));
  }
  return count;
}

std::string_view View(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

// Holds the state of one call of Unpack.
class Unpacker {
 public:
  Unpacker(Reader* reader, Fs* fs, Fs::Handle directory,
           const UnpackOptions& options)
      : reader_(reader),
        options_(options),
        rules_({options.strip_components, options.umask, options.absolute_links,
                options.reserved}) {
    if (fs == nullptr) return;
    writer_.emplace(fs, directory,
                    TreeWriter::Options{options.owner, options.writing_threads,
                                        options.earlier});
  }

  Unpacked Run() {
    while (const auto entry = reader_->Next()) {
      CountEntry();
      auto accepted = rules_.Accept(*entry);
      if (accepted) {
        Take(std::move(*accepted), *entry);
      } else {
        TakeNameless(*entry);
      }
    }
    out_.sha256 = reader_->Finish();
    out_.archive_bytes = reader_->bytes_read();
    if (entries().empty() && out_.left_out.empty()) {
      throw Error(ErrorCode::kArchiveEmpty,
                  options_.strip_components == 0
                      ? "cannot unpack: the archive has no entry"
                      : "cannot unpack: the archive has no entry with so many "
                        "components to strip");
    }
    if (writer_) writer_->Finish();
    std::sort(out_.manifest.entries.begin(), out_.manifest.entries.end(),
              [](const ManifestEntry& a, const ManifestEntry& b) {
                return a.path < b.path;
              });
    return std::move(out_);
  }

 private:
  std::vector<ManifestEntry>& entries() { return out_.manifest.entries; }

  // Counts each entry of the archive and each directory that it implies.
  void CountEntry() {
    ++count_;
    // Many empty entries take their time too.
    if (count_ % kCheckedEntries == 0) ThrowIfCancelled();
    if (options_.max_entries != 0 && count_ > options_.max_entries) {
      throw Error(ErrorCode::kLimitExceeded,
                  "cannot unpack: more than " +
                      std::to_string(options_.max_entries) + " entries");
    }
  }

  void CountBytes(std::uint64_t count) {
    bytes_ += count;
    if (options_.max_bytes != 0 && bytes_ > options_.max_bytes) {
      throw Error(ErrorCode::kLimitExceeded,
                  "cannot unpack: more than " +
                      std::to_string(options_.max_bytes) + " bytes of files");
    }
    if (bytes_ >= next_check_) {
      next_check_ = bytes_ + kCheckedBytes;
      ThrowIfCancelled();
    }
  }

  bool IsReserved(std::string_view path) const {
    return IsAtOrBelow(path, options_.reserved);
  }

  void Take(AcceptedEntry entry, const ArchiveEntry& original) {
    if (IsReserved(entry.path)) {
      LeaveOut(entry);
      return;
    }
    AddParents(entry.path);
    switch (entry.kind) {
      case Kind::kDirectory:
        TakeDirectory(entry.path, {entry.mode, original.modified});
        return;
      case Kind::kFile:
        TakeFile(std::move(entry), original);
        return;
      case Kind::kSymlink:
        entries().push_back(
            {EntryKind::kSymlink, entry.path, 0, 0, {}, entry.target});
        if (writer_) writer_->AddSymlink(entry.path, entry.target);
        return;
      case Kind::kHardLink:
        TakeHardLink(entry);
        return;
      case Kind::kOther:
        return;
    }
  }

  // Reads the content nevertheless: it counts, and must be undamaged.
  void LeaveOut(const AcceptedEntry& entry) {
    while (true) {
      const auto block = reader_->NextBlock();
      if (block.empty()) break;
      CountBytes(block.size());
    }
    out_.left_out.push_back(entry.path);
  }

  // -- directories

  void AddParents(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string_view parent =
        std::string_view(path).substr(0, slash == path.npos ? 0 : slash);
    if (parent.empty() || parent == last_parent_) return;
    for (std::size_t end = parent.find('/');; end = parent.find('/', end + 1)) {
      std::string above(parent.substr(0, end));
      if (!directories_.contains(above)) {
        CountEntry();
        AddDirectory(std::move(above), {ImpliedMode(options_.umask)});
      }
      if (end == parent.npos) break;
    }
    last_parent_ = parent;
  }

  void AddDirectory(std::string path, const Attributes& attributes) {
    if (writer_) writer_->AddDirectory(path, attributes);
    directories_.emplace(path, entries().size());
    entries().push_back(
        {EntryKind::kDirectory, std::move(path), attributes.mode, 0, {}, ""});
  }

  void TakeDirectory(const std::string& path, const Attributes& attributes) {
    const auto known = directories_.find(path);
    if (known == directories_.end()) {
      AddDirectory(path, attributes);
      return;
    }
    entries()[known->second].mode = attributes.mode;
    if (writer_) writer_->SetDirectory(path, attributes);
  }

  // An entry may be the release's own directory, which has a time, or lose its
  // name by stripping, or be a hard link to itself.
  void TakeNameless(const ArchiveEntry& entry) {
    const std::size_t components = ComponentsOf(entry.path);
    if (entry.kind == Kind::kDirectory) {
      if (writer_ && components == options_.strip_components) {
        writer_->SetDirectory("", {0, entry.modified});
      }
    } else if (components <= options_.strip_components) {
      if (out_.stripped++ == 0) out_.first_stripped = entry.path;
    }
  }

  // -- files

  void TakeFile(AcceptedEntry entry, const ArchiveEntry& original) {
    const std::optional<std::uint64_t> size = original.size;
    const Attributes attributes{entry.mode, original.modified};
    ManifestEntry made{
        EntryKind::kFile, std::move(entry.path), entry.mode, 0, {}, ""};
    auto first = reader_->NextBlock();
    if (size && *size <= kSmall && first.size() < *size) {
      first = Gather(first, *size);
    }
    if (first.size() <= kSmall && size == first.size()) {
      // The common case: the whole file is in one piece, and is written without
      // a copy.
      CountBytes(first.size());
      made.size = first.size();
      made.hash = HashContent(first);
      if (writer_) {
        writer_->AddFile(made.path, attributes, View(first),
                         TreeWriter::Content::kWhole, reader_->Keep(first));
      }
      const bool whole = first.empty() || reader_->NextBlock().empty();
      if (!whole) FailOnSize(made.path);
    } else {
      TakeLongFile(first, attributes, &made);
    }
    entries().push_back(std::move(made));
  }

  // Puts a small file that lies in several blocks into one piece.
  std::span<const char> Gather(std::span<const char> block,
                               std::uint64_t size) {
    gathered_.clear();
    for (; !block.empty(); block = reader_->NextBlock()) {
      gathered_.insert(gathered_.end(), block.begin(), block.end());
      if (gathered_.size() >= size) break;
    }
    return gathered_;
  }

  [[noreturn]] static void FailOnSize(const std::string& path) {
    throw Error(ErrorCode::kArchiveCorrupt,
                "cannot unpack " + Quoted(path) +
                    ": it is longer than the archive says",
                path);
  }

  void TakeLongFile(std::span<const char> block, const Attributes& attributes,
                    ManifestEntry* made) {
    hasher_.Reset();
    if (writer_) writer_->AddFile(made->path, attributes, "");
    for (; !block.empty(); block = reader_->NextBlock()) {
      CountBytes(block.size());
      made->size += block.size();
      hasher_.Update(block);
      if (writer_)
        writer_->Append(made->path, View(block), reader_->Keep(block));
    }
    made->hash = hasher_.Finish();
  }

  // -- hard links

  // A hard link is a file with the content of the first name.
  void TakeHardLink(const AcceptedEntry& entry) {
    if (IsReserved(entry.target)) {
      throw Error(ErrorCode::kUnsafeEntry,
                  "cannot unpack " + Quoted(entry.path) +
                      ": it is a hard link to " + Quoted(entry.target) +
                      ", which gives way to what is shared",
                  entry.path);
    }
    const std::size_t target = FirstName(entry.target);
    TakeLinkContent(entry, target);
    ManifestEntry made = entries()[target];
    made.path = entry.path;
    first_names_[entries().size()] = target;
    other_names_[target].push_back(entries().size());
    entries().push_back(std::move(made));
    if (writer_) writer_->AddHardLink(entry.path, entries()[target].path);
  }

  // The index of the entry that is the first name of this file.
  std::size_t FirstName(const std::string& path) {
    for (; indexed_ < entries().size(); ++indexed_) {
      const ManifestEntry& entry = entries()[indexed_];
      if (entry.kind == EntryKind::kFile) files_[entry.path] = indexed_;
    }
    const std::size_t index = files_.at(path);
    const auto it = first_names_.find(index);
    return it == first_names_.end() ? index : it->second;
  }

  // cpio stores the content with the last name of a file, or with each.
  void TakeLinkContent(const AcceptedEntry& entry, std::size_t target) {
    auto block = reader_->NextBlock();
    if (block.empty()) return;
    const bool fill = entries()[target].size == 0;
    std::uint64_t size = 0;
    hasher_.Reset();
    for (; !block.empty(); block = reader_->NextBlock()) {
      CountBytes(block.size());
      size += block.size();
      hasher_.Update(block);
      if (fill && writer_) {
        writer_->Append(entries()[target].path, View(block),
                        reader_->Keep(block));
      }
    }
    const ContentHash hash = hasher_.Finish();
    if (fill) {
      SetContent(target, size, hash);
    } else if (hash != entries()[target].hash) {
      throw Error(ErrorCode::kUnsafeEntry,
                  "cannot unpack " + Quoted(entry.path) +
                      ": it is a hard link to " + Quoted(entry.target) +
                      " and has another content",
                  entry.path);
    }
  }

  void SetContent(std::size_t target, std::uint64_t size,
                  const ContentHash& hash) {
    std::vector<std::size_t> all = other_names_[target];
    all.push_back(target);
    for (const std::size_t index : all) {
      entries()[index].size = size;
      entries()[index].hash = hash;
    }
  }

  Reader* reader_;
  const UnpackOptions& options_;
  EntryRules rules_;
  std::optional<TreeWriter> writer_;
  Unpacked out_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_check_ = 0;
  std::unordered_map<std::string, std::size_t> directories_;
  std::string last_parent_;
  ContentHasher hasher_;
  std::vector<char> gathered_;
  // For hard links, filled when the first one comes.
  std::unordered_map<std::string, std::size_t> files_;
  std::size_t indexed_ = 0;  // entries looked at for files_
  std::unordered_map<std::size_t, std::size_t> first_names_;
  std::unordered_map<std::size_t, std::vector<std::size_t>> other_names_;
};

}  // namespace

Unpacked Unpack(Reader* reader, Fs* fs, Fs::Handle directory,
                const UnpackOptions& options) {
  return Unpacker(reader, fs, directory, options).Run();
}

}  // namespace release
