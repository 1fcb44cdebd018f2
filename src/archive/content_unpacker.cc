#include "archive/content_unpacker.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kSmall = std::size_t{256} << 10;

}  // namespace

void ContentUnpacker::AddFile(AcceptedEntry entry,
                              const ArchiveEntry& original) {
  const std::optional<std::uint64_t> size = original.size;
  ManifestEntry file{
      EntryKind::kFile, std::move(entry.path), entry.mode, 0, {}, ""};
  auto first = reader_->NextBlock();
  if (size && *size <= kSmall && first.size() < *size) {
    first = Gather(first, *size);
  }
  if (first.size() <= kSmall && size == first.size()) {
    AddWhole(&file, original.modified, first);
  } else {
    AddLong(&file, original.modified, first);
  }
  tree_->List(std::move(file));
}

void ContentUnpacker::TakeFile(AcceptedEntry entry,
                               const ArchiveEntry& original, BaseContent from) {
  limits_->CountBytes(from.size);
  ManifestEntry file{EntryKind::kFile, std::move(entry.path),
                     entry.mode,       from.size,
                     from.hash,        ""};
  tree_->TakeFile(file, original.modified, std::move(from));
  tree_->List(std::move(file));
}

// Puts a small file that lies in several blocks into one piece.
std::span<const char> ContentUnpacker::Gather(std::span<const char> block,
                                              std::uint64_t size) {
  gathered_.clear();
  for (; !block.empty(); block = reader_->NextBlock()) {
    gathered_.insert(gathered_.end(), block.begin(), block.end());
    if (gathered_.size() >= size) break;
  }
  return gathered_;
}

void ContentUnpacker::AddWhole(ManifestEntry* file,
                               std::optional<std::int64_t> modified,
                               std::span<const char> content) {
  limits_->CountContent(content);
  file->size = content.size();
  file->hash = HashContent(content);
  tree_->WriteWhole(*file, modified, content, reader_->Keep(content));
  if (content.empty() || reader_->NextBlock().empty()) return;
  throw Error(ErrorCode::kArchiveCorrupt,
              "cannot unpack " + Quoted(file->path) +
                  ": it is longer than the archive says",
              file->path);
}

void ContentUnpacker::AddLong(ManifestEntry* file,
                              std::optional<std::int64_t> modified,
                              std::span<const char> block) {
  hasher_.Reset();
  tree_->Begin(*file, modified);
  for (; !block.empty(); block = reader_->NextBlock()) {
    limits_->CountContent(block);
    file->size += block.size();
    hasher_.Update(block);
    tree_->Append(file->path, block, reader_->Keep(block));
  }
  file->hash = hasher_.Finish();
}

// cpio stores the content with the last name of a file, or with each.
void ContentUnpacker::AddLinkContent(const AcceptedEntry& entry,
                                     std::size_t file) {
  auto block = reader_->NextBlock();
  if (block.empty()) return;
  const bool fill = tree_->file(file).size == 0;
  std::uint64_t size = 0;
  hasher_.Reset();
  for (; !block.empty(); block = reader_->NextBlock()) {
    limits_->CountContent(block);
    size += block.size();
    hasher_.Update(block);
    if (fill) {
      tree_->Append(tree_->file(file).path, block, reader_->Keep(block));
    }
  }
  const ContentHash hash = hasher_.Finish();
  if (fill) {
    tree_->SetContent(file, size, hash);
  } else if (hash != tree_->file(file).hash) {
    throw Error(ErrorCode::kUnsafeEntry,
                "cannot unpack " + Quoted(entry.path) +
                    ": it is a hard link to " + Quoted(entry.target) +
                    " and has another content",
                entry.path);
  }
}

void ContentUnpacker::Skip() {
  while (true) {
    const auto block = reader_->NextBlock();
    if (block.empty()) return;
    limits_->CountContent(block);
  }
}

}  // namespace release
