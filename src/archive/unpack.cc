#include "archive/unpack.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "archive/content_unpacker.h"
#include "archive/entry_rules.h"
#include "archive/unpack_limits.h"
#include "archive/unpacked_tree.h"
#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

using Kind = ArchiveEntry::Kind;

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

// Holds the state of one call of Unpack.
class Unpacker {
 public:
  Unpacker(Reader* reader, Fs* fs, Fs::Handle directory,
           const UnpackOptions& options)
      : reader_(reader),
        options_(options),
        rules_({options.strip_components, options.umask, options.absolute_links,
                options.reserved}),
        limits_(options.max_bytes, options.max_entries),
        tree_(fs, directory,
              {options.owner, options.writing_threads, options.earlier},
              &limits_),
        content_(reader, &limits_, &tree_) {}

  Unpacked Run() {
    while (const auto entry = reader_->Next()) {
      limits_.CountEntry();
      auto accepted = rules_.Accept(*entry);
      if (accepted) {
        Take(std::move(*accepted), *entry);
      } else {
        TakeNameless(*entry);
      }
    }
    out_.sha256 = reader_->Finish();
    out_.archive_bytes = reader_->bytes_read();
    if (tree_.empty() && out_.left_out.empty()) {
      throw Error(ErrorCode::kArchiveEmpty,
                  options_.strip_components == 0
                      ? "cannot unpack: the archive has no entry"
                      : "cannot unpack: the archive has no entry with so many "
                        "components to strip");
    }
    out_.manifest = tree_.Finish();
    return std::move(out_);
  }

 private:
  bool IsReserved(std::string_view path) const {
    return IsAtOrBelow(path, options_.reserved);
  }

  void Take(AcceptedEntry entry, const ArchiveEntry& original) {
    if (IsReserved(entry.path)) {
      content_.Skip();
      out_.left_out.push_back(entry.path);
      return;
    }
    tree_.AddParents(entry.path, options_.umask);
    switch (entry.kind) {
      case Kind::kDirectory:
        tree_.AddDirectory(entry.path, {entry.mode, original.modified});
        return;
      case Kind::kFile:
        TakeFile(std::move(entry), original);
        return;
      case Kind::kSymlink:
        tree_.AddSymlink(entry.path, entry.target);
        return;
      case Kind::kHardLink:
        TakeHardLink(entry);
        return;
      case Kind::kOther:
        return;
    }
  }

  void TakeFile(AcceptedEntry entry, const ArchiveEntry& original) {
    std::optional<BaseContent> from;
    if (options_.earlier != nullptr) from = reader_->LeaveToCaller();
    if (from) {
      content_.TakeFile(std::move(entry), original, std::move(*from));
    } else {
      content_.AddFile(std::move(entry), original);
    }
  }

  // An entry may be the release's own directory, which has a time, or lose its
  // name by stripping, or be a hard link to itself.
  void TakeNameless(const ArchiveEntry& entry) {
    const std::size_t components = ComponentsOf(entry.path);
    if (entry.kind == Kind::kDirectory) {
      if (components == options_.strip_components) {
        tree_.SetTopTime(entry.modified);
      }
    } else if (components <= options_.strip_components) {
      if (out_.stripped++ == 0) out_.first_stripped = entry.path;
    }
  }

  // A hard link is a file with the content of the first name.
  void TakeHardLink(const AcceptedEntry& entry) {
    if (IsReserved(entry.target)) {
      throw Error(ErrorCode::kUnsafeEntry,
                  "cannot unpack " + Quoted(entry.path) +
                      ": it is a hard link to " + Quoted(entry.target) +
                      ", which gives way to what is shared",
                  entry.path);
    }
    const std::size_t file = tree_.FileAt(entry.target);
    content_.AddLinkContent(entry, file);
    tree_.AddHardLink(entry.path, file);
  }

  Reader* reader_;
  const UnpackOptions& options_;
  EntryRules rules_;
  UnpackLimits limits_;
  UnpackedTree tree_;
  ContentUnpacker content_;
  Unpacked out_;
};

}  // namespace

Unpacked Unpack(Reader* reader, Fs* fs, Fs::Handle directory,
                const UnpackOptions& options) {
  return Unpacker(reader, fs, directory, options).Run();
}

}  // namespace release
