#include "archive/composition.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/content_index.h"
#include "archive/entry_rules.h"
#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kBuffer = std::size_t{256} << 10;

}  // namespace

Composition::Composition(const Manifest* whole, const ThinBase* base,
                         const std::vector<std::string>& reserved)
    : whole_(whole), base_(base), buffer_(kBuffer) {
  if (base_ != nullptr) FindOrigins(reserved);
}

// Takes content from the same path if it is there, too: then files lie in the
// order of the tree, and equal files of the base stay apart.
void Composition::FindOrigins(const std::vector<std::string>& reserved) {
  const ContentIndex index(base_->manifest);
  const auto& before = base_->manifest.entries;
  auto at = before.begin();
  origins_.reserve(whole_->entries.size());
  for (const ManifestEntry& entry : whole_->entries) {
    while (at != before.end() && at->path < entry.path) ++at;
    const bool there = at != before.end() && at->path == entry.path;
    if (entry.kind != EntryKind::kFile || entry.size == 0) {
      origins_.push_back(Origin::kManifest);
    } else if (!index.Covers(entry)) {
      origins_.push_back(Origin::kArchive);
    } else if (IsAtOrBelow(entry.path, reserved)) {
      origins_.push_back(Origin::kManifest);
    } else if (there && HasSameContent(*at, entry)) {
      origins_.push_back(Origin::kSamePath);
    } else {
      origins_.push_back(Origin::kOtherPath);
      moved_.push_back(index.Find(entry)->path);
    }
  }
}

const ManifestEntry* Composition::Next() {
  file_ = ScopedHandle();
  offset_ = 0;
  source_ = nullptr;
  sha256_.Reset();
  from_archive_ = base_ == nullptr;
  if (next_ == whole_->entries.size()) return entry_ = nullptr;
  const std::size_t number = next_++;
  entry_ = &whole_->entries[number];
  if (base_ == nullptr) return entry_;
  switch (origins_[number]) {
    case Origin::kArchive:
      from_archive_ = true;
      break;
    case Origin::kManifest:
      break;
    case Origin::kSamePath:
      source_ = &entry_->path;
      break;
    case Origin::kOtherPath:
      source_ = &moved_[next_moved_++];
      break;
  }
  return entry_;
}

BaseContent Composition::Wanted() const {
  return {base_->name, *source_, entry_->size, entry_->hash, entry_->sha256};
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
    file_ = ScopedHandle(
        base_->fs, base_->fs->Open(base_->tree, *source_, OpenMode::kRead));
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
