#include "archive/composition.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/entry_rules.h"
#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10;

}  // namespace

Composition::Composition(const Manifest* whole, const ThinBase* base,
                         std::vector<std::string> reserved)
    : whole_(whole),
      base_(base),
      reserved_(std::move(reserved)),
      buffer_(kBuffer) {
  if (base_ != nullptr) index_.emplace(base_->manifest);
}

const ManifestEntry* Composition::Next() {
  file_ = ScopedHandle();
  offset_ = 0;
  source_ = nullptr;
  sha256_.Reset();
  from_archive_ = base_ == nullptr;
  if (next_ == whole_->entries.size()) return entry_ = nullptr;
  entry_ = &whole_->entries[next_++];
  if (from_archive_ || entry_->kind != EntryKind::kFile) return entry_;
  from_archive_ = !index_->Covers(*entry_);
  if (entry_->size == 0 || from_archive_) return entry_;
  if (!IsAtOrBelow(entry_->path, reserved_)) source_ = index_->Find(*entry_);
  return entry_;
}

BaseContent Composition::Wanted() const {
  return {base_->name, source_->path, entry_->size, entry_->hash,
          entry_->sha256};
}

std::optional<BaseContent> Composition::Leave() {
  if (source_ == nullptr) return std::nullopt;
  const BaseContent content = Wanted();
  CountTaken();
  return content;
}

// Counts the current file, of which nothing is left to be read.
void Composition::CountTaken() {
  ++taken_.files;
  taken_.bytes += entry_->size;
  source_ = nullptr;
}

// An entry that is no longer a file fails to open or to be read, or reads as
// something else.
void Composition::Open() {
  try {
    file_ = ScopedHandle(base_->fs, base_->fs->Open(base_->tree, source_->path,
                                                    OpenMode::kRead));
  } catch (const FsError& error) {
    FailAsMissing(Wanted(), error.what());
  }
}

std::span<const char> Composition::Read() {
  const std::uint64_t left = entry_->size - offset_;
  const auto wanted = std::span(buffer_).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_.size())));
  std::size_t count = 0;
  try {
    count = base_->fs->ReadAt(file_.get(), wanted, offset_);
  } catch (const FsError& error) {
    FailAsMissing(Wanted(), error.what());
  }
  if (count == 0) FailAsMissing(Wanted(), "it is shorter now");
  offset_ += count;
  return wanted.first(count);
}

std::span<const char> Composition::NextBlock() {
  if (source_ == nullptr) return {};
  if (!file_) Open();
  if (offset_ < entry_->size) {
    const auto bytes = Read();
    sha256_.Update(bytes);
    return bytes;
  }
  if (sha256_.FinishBytes() != entry_->sha256) {
    FailAsMissing(Wanted(), "its content has changed");
  }
  CountTaken();
  return {};
}

void Composition::Check(std::span<const char> bytes) {
  if (!bytes.empty()) {
    sha256_.Update(bytes);
    return;
  }
  if (sha256_.FinishBytes() == entry_->sha256) return;
  throw Error(ErrorCode::kManifestMismatch,
              fmt::format("cannot accept {}: its content is not that of the "
                          "manifest",
                          Quoted(entry_->path)),
              entry_->path);
}

}  // namespace release
