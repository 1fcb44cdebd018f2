#include "archive/earlier_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "archive/blocks.h"
#include "os/path_rules.h"

namespace release {
namespace {

using Sharing = EarlierTree::Sharing;

constexpr std::size_t kRead = std::size_t{64} << 10;
// The smallest unit that file systems share.
constexpr std::size_t kBlock = 4096;
// After this many bytes, a clone that differs in most of them is given up.
constexpr std::uint64_t kEnoughToJudge = std::uint64_t{1} << 20;

bool MeansNever(int error_number) {
  return error_number == EOPNOTSUPP || error_number == EXDEV;
}

}  // namespace

std::optional<OpenDirectories::Shared> EarlierTree::Find(
    const std::string& path) {
  if (missing_ == path || cannot_) return std::nullopt;
  try {
    return directories_.Get(path);
  } catch (const FsError&) {
    missing_ = path;
    return std::nullopt;
  }
}

void EarlierTree::Forget() { directories_.Forget(); }

// Opens the earlier file; returns false if it is not a regular one.
bool Takeover::Open(const NewFile& file) {
  if (earlier_ == nullptr || !file.earlier) return false;
  const Fs::Handle directory = earlier_->directories_.HandleOf(*file.earlier);
  source_ = ScopedHandle(fs_, fs_->Open(directory, file.name, OpenMode::kRead));
  info_ = fs_->StatHandle(source_.get());
  return info_.type == FileType::kFile;
}

bool Takeover::SharesInodes() const {
  return earlier_ != nullptr && earlier_->sharing_ != Sharing::kNone &&
         earlier_->sharing_ != Sharing::kBlocks;
}

bool Takeover::HasSameOwnerAndMode(const NewFile& file) const {
  constexpr unsigned kOthersWrite = 022;
  const bool closed = info_.owner == 0 && (info_.mode & kOthersWrite) == 0;
  if (earlier_->sharing_ == Sharing::kInodesOfRoot && !closed) return false;
  return info_.mode == file.mode && info_.owner == earlier_->owner_.user &&
         info_.group == earlier_->owner_.group &&
         !fs_->HasAttributes(source_.get());
}

// Whether the file has this content at the current offset.
bool Takeover::Holds(Fs::Handle file, std::string_view content) {
  std::uint64_t offset = offset_;
  while (!content.empty()) {
    buffer_.resize(kRead);
    const std::size_t wanted = std::min(content.size(), buffer_.size());
    const std::size_t count =
        fs_->ReadAt(file, std::span(buffer_).first(wanted), offset);
    const std::string_view found(buffer_.data(), count);
    if (count == 0 || content.substr(0, count) != found) return false;
    content.remove_prefix(count);
    offset += count;
  }
  return true;
}

bool Takeover::Link(const NewFile& file, std::string_view content) {
  if (!SharesInodes()) return false;
  // Sharing an empty file saves nothing, and a writer would fill both.
  if (content.empty()) return false;
  try {
    Reset();
    if (!Open(file) || info_.size != content.size() ||
        !HasSameOwnerAndMode(file) || !Holds(source_.get(), content)) {
      return false;
    }
    fs_->LinkOpened(source_.get(), file.directory, file.name);
  } catch (const FsError&) {
    // The earlier file is missing, has its maximum of names, …: write it.
    return false;
  }
  ++earlier_->files_;
  earlier_->bytes_ += content.size();
  return true;
}

bool Takeover::LinkChecked(const NewFile& file, const BaseContent& from) {
  Reset();
  try {
    NewFile there = file;
    there.name = LeafOf(from.path);
    if (!Open(there)) FailAsMissing(from, "it is no longer a file");
  } catch (const FsError& error) {
    FailAsMissing(from, error.what());
  }
  if (!SharesInodes() || from.size == 0 || info_.size != from.size ||
      !HasSameOwnerAndMode(file)) {
    return false;
  }
  Pass(source_.get(), from, std::nullopt);
  try {
    fs_->LinkOpened(source_.get(), file.directory, file.name);
  } catch (const FsError&) {
    // It has its maximum of names, …: copy it.
    return false;
  }
  ++earlier_->files_;
  earlier_->bytes_ += from.size;
  return true;
}

void Takeover::Fill(Fs::Handle opened, const BaseContent& from) {
  if (CloneFrom(opened, from)) {
    Pass(opened, from, std::nullopt);
    ++earlier_->files_;
    earlier_->bytes_ += from.size;
  } else {
    Pass(source_.get(), from, opened);
  }
}

// Returns false if the new file is still empty.
bool Takeover::CloneFrom(Fs::Handle opened, const BaseContent& from) {
  if (earlier_->sharing_ != Sharing::kBlocks || earlier_->cannot_ ||
      info_.size != from.size || from.size < kLeastClone) {
    return false;
  }
  try {
    fs_->CloneContent(source_.get(), opened);
    return true;
  } catch (const FsError& error) {
    if (MeansNever(error.error_number())) earlier_->cannot_ = true;
    return false;
  }
}

// Reads at least one byte.
std::size_t Takeover::ReadOf(const BaseContent& from, Fs::Handle file,
                             std::span<char> buffer, std::uint64_t offset) {
  std::size_t count = 0;
  try {
    count = fs_->ReadAt(file, buffer, offset);
  } catch (const FsError& error) {
    FailAsMissing(from, error.what());
  }
  if (count == 0) FailAsMissing(from, "it is shorter now");
  return count;
}

// Reads the content from `file`, writes it `into` another, and compares it with
// what the manifest says.
void Takeover::Pass(Fs::Handle file, const BaseContent& from,
                    std::optional<Fs::Handle> into) {
  hasher_.Reset();
  std::uint64_t offset = 0;
  while (offset < from.size) {
    buffer_.resize(kRead);
    const auto wanted = std::span(buffer_).first(static_cast<std::size_t>(
        std::min<std::uint64_t>(kRead, from.size - offset)));
    const std::size_t count = ReadOf(from, file, wanted, offset);
    const auto bytes = wanted.first(count);
    hasher_.Update(bytes);
    if (into) fs_->Write(*into, {bytes.data(), bytes.size()});
    offset += count;
  }
  if (hasher_.Finish() != FileHash{from.size, from.hash, from.sha256}) {
    FailAsMissing(from, "its content has changed");
  }
}

void Takeover::Reset() {
  source_ = ScopedHandle();
  file_ = NewFile();
  cloned_ = comparing_ = false;
  offset_ = differed_ = 0;
}

void Takeover::Begin(const NewFile& file, Fs::Handle opened,
                     std::optional<std::uint64_t> size) {
  Reset();
  if (earlier_ == nullptr || earlier_->sharing_ == Sharing::kNone) return;
  const bool clones = earlier_->sharing_ == Sharing::kBlocks;
  // Link has already compared a file that came as a whole.
  if (clones ? size.value_or(kLeastClone) < kLeastClone : size.has_value()) {
    return;
  }
  try {
    if (!Open(file)) return;
    file_ = file;
    opened_ = opened;
    if (clones) {
      if (info_.size >= kLeastClone) Clone();
    } else {
      comparing_ = info_.size > 0 && HasSameOwnerAndMode(file);
    }
  } catch (const FsError&) {
    source_ = ScopedHandle();
  }
}

void Takeover::Clone() {
  if (earlier_->cannot_) return;
  try {
    fs_->CloneContent(source_.get(), opened_);
    cloned_ = comparing_ = true;
  } catch (const FsError& error) {
    if (MeansNever(error.error_number())) earlier_->cannot_ = true;
  }
  // Compare with the clone from here on: no one else can change it.
  source_ = ScopedHandle();
}

bool Takeover::Put(std::string_view content) {
  if (cloned_) {
    PutIntoClone(content);
    offset_ += content.size();
    return true;
  }
  if (!comparing_) return false;
  try {
    comparing_ = Holds(source_.get(), content);
  } catch (const FsError&) {
    comparing_ = false;
  }
  offset_ += content.size();
  return false;
}

void Takeover::PutIntoClone(std::string_view content) {
  if (comparing_ && offset_ >= kEnoughToJudge && differed_ > offset_ / 2) {
    fs_->Truncate(opened_, offset_);
    comparing_ = false;
  }
  if (!comparing_) {
    if (!IsHole(content)) fs_->WriteAt(opened_, content, offset_);
    return;
  }
  std::size_t count = 0;
  try {
    buffer_.resize(std::max(content.size(), kRead));
    count =
        fs_->ReadAt(opened_, std::span(buffer_).first(content.size()), offset_);
  } catch (const FsError&) {
    // A block that cannot be read must not be kept.
    fs_->Truncate(opened_, offset_);
    comparing_ = false;
  }
  if (IsHole(content)) {
    // Do not write behind the end of the clone; End sets the size.
    differed_ += content.size() - count;
    content = content.substr(0, count);
  }
  WriteDifferences(content, {buffer_.data(), count});
}

// Writes only the blocks that differ; the others stay shared.
void Takeover::WriteDifferences(std::string_view content,
                                std::string_view found) {
  std::size_t at = 0, first = 0;  // the bytes from `first` to `at` differ
  const auto write = [&] {
    if (first == at) return;
    fs_->WriteAt(opened_, content.substr(first, at - first), offset_ + first);
    differed_ += at - first;
  };
  while (at < content.size()) {
    const std::size_t block = kBlock - (offset_ + at) % kBlock;
    const std::size_t size = std::min(block, content.size() - at);
    if (found.substr(std::min(at, found.size()), size) !=
        content.substr(at, size)) {
      at += size;
      continue;
    }
    write();
    at += size;
    first = at;
  }
  write();
}

void Takeover::End() {
  if (cloned_) {
    if (fs_->StatHandle(opened_).size != offset_) {
      fs_->Truncate(opened_, offset_);
    }
    if (offset_ > differed_ && comparing_) {
      ++earlier_->files_;
      earlier_->bytes_ += offset_ - differed_;
    }
  } else if (comparing_ && offset_ == info_.size) {
    ReplaceByLink();
  }
  Reset();
}

void Takeover::ReplaceByLink() {
  // A name that no entry of an archive may have.
  const std::string name = fmt::format("\x01{}", ++earlier_->links_made_);
  try {
    fs_->LinkOpened(source_.get(), file_.directory, name);
  } catch (const FsError&) {
    return;
  }
  try {
    fs_->Rename(file_.directory, name, file_.directory, file_.name,
                RenameMode::kReplace);
  } catch (const FsError&) {
    fs_->RemoveFile(file_.directory, name);
    return;
  }
  ++earlier_->files_;
  earlier_->bytes_ += offset_;
}

}  // namespace release
