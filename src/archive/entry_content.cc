#include "archive/entry_content.h"

#include <algorithm>
#include <utility>

#include "archive/blocks.h"
#include "os/input.h"

namespace release {

EntryContent::EntryContent(LastHole last_hole, std::string name)
    : last_hole_(last_hole), name_(std::move(name)) {}

void EntryContent::Begin(std::optional<std::uint64_t> size) {
  size_ = size;
  position_ = offset_ = 0;
  block_ = {};
  ended_ = false;
}

void EntryContent::Put(std::span<const char> bytes, std::uint64_t offset) {
  if (offset < position_) {
    FailToRead(name_, ErrorCode::kArchiveCorrupt,
               "the parts of a file overlap");
  }
  block_ = bytes;
  offset_ = offset;
}

std::optional<std::span<const char>> EntryContent::Next() {
  if (position_ < offset_) return Zeros(offset_ - position_);
  if (!block_.empty()) {
    position_ += block_.size();
    return std::exchange(block_, {});
  }
  if (ended_) return AtEnd();
  return std::nullopt;
}

std::span<const char> EntryContent::Zeros(std::uint64_t count) {
  const auto now = std::min<std::uint64_t>(count, HoleBytes().size());
  position_ += now;
  return HoleBytes().first(now);
}

std::span<const char> EntryContent::AtEnd() {
  if (!size_ || position_ == *size_) return {};
  if (last_hole_ == LastHole::kAllowed && position_ < *size_) {
    return Zeros(*size_ - position_);
  }
  FailToRead(name_, ErrorCode::kArchiveCorrupt,
             "a file is not as long as the archive says");
}

}  // namespace release
