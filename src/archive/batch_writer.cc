#include "archive/batch_writer.h"

namespace release {

void Batch::Add(std::string_view part, const SharedBlock& block) {
  const bool new_block = block && (kept.empty() || kept.back() != block);
  if (new_block) kept.push_back(block);
  if (!block && !IsHole(part)) {
    // Reserve the maximum once: the pieces point into it.
    copied.reserve(kBatchBytes);
    const std::size_t at = copied.size();
    copied.insert(copied.end(), part.begin(), part.end());
    part = std::string_view(copied.data() + at, part.size());
  }
  size += part.size();
  std::string_view& last = pieces.back().content;
  // Adjacent addresses do not imply the same block; never merge across
  // blocks.
  if (!new_block && last.data() + last.size() == part.data()) {
    last = std::string_view(last.data(), last.size() + part.size());
    return;
  }
  if (!last.empty()) pieces.emplace_back();
  pieces.back().content = part;
}

Inheritance InheritanceOf(Fs* fs, Fs::Handle top) {
  const bool some =
      (fs->StatHandle(top).mode & 02000) != 0 || fs->HasAttributes(top);
  return some ? Inheritance::kSome : Inheritance::kNone;
}

void BatchWriter::Write(const Batch& batch) {
  for (const Piece& piece : batch.pieces) {
    const bool taken_over = piece.begins && Begin(piece);
    if (!taken_over && !piece.content.empty()) Put(piece.content);
  }
}

void BatchWriter::Put(std::string_view content) {
  if (!takeover_.Put(content)) Store(content);
  offset_ += content.size();
}

// Skips a hole: what is written behind it, or the size set at the end, makes it
// one of the file. From then on the position of the open file is behind.
void BatchWriter::Store(std::string_view content) {
  if (IsHole(content)) {
    has_hole_ = true;
  } else if (has_hole_) {
    fs_->WriteAt(file_.get(), content, offset_);
  } else {
    fs_->Write(file_.get(), content);
  }
}

void BatchWriter::CloseFile() {
  if (!file_) return;
  if (has_hole_) fs_->Truncate(file_.get(), offset_);
  takeover_.End();
  if (modified_) fs_->SetModified(file_.get(), "", *modified_);
  file_ = ScopedHandle();
  // After the last write, so that no file of another owner is written to.
  if (owner_) {
    fs_->SetOwner(Directory(), name_, owner_->user, owner_->group);
  }
  directory_.reset();
}

// Returns true if the whole file was taken over, so that it is not written.
bool BatchWriter::Begin(const Piece& piece) {
  CloseFile();
  offset_ = 0;
  has_hole_ = false;
  directory_ = piece.directory;
  name_ = piece.name;
  const unsigned mode = piece.attributes.mode;
  modified_ = piece.attributes.modified;
  const NewFile file{Directory(), name_, mode, piece.earlier};
  const bool linked = piece.from
                          ? takeover_.LinkChecked(file, *piece.from)
                          : piece.whole && takeover_.Link(file, piece.content);
  if (linked) return true;
  file_ = ScopedHandle(
      fs_, fs_->Open(Directory(), name_, OpenMode::kCreateNew, mode));
  if (piece.from) {
    takeover_.Fill(file_.get(), *piece.from);
  } else {
    std::optional<std::uint64_t> size;
    if (piece.whole) size = piece.content.size();
    takeover_.Begin(file, file_.get(), size);
  }
  if (inheritance_ == Inheritance::kSome &&
      fs_->StatHandle(file_.get()).mode != mode) {
    fs_->SetMode(Directory(), name_, mode);
  }
  return false;
}

}  // namespace release
