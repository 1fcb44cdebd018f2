#include "archive/archive_input.h"

#include <algorithm>
#include <utility>

#include "archive/seekable.h"
#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kBlockSize = std::size_t{256} << 10;

std::string_view View(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

// What another thread parses; the first one has checked it.
class SecondCopy final : public ParserBytes {
 public:
  explicit SecondCopy(SpoolCopy copy) : copy_(std::move(copy)) {}

  std::span<const char> Next() override { return copy_.Next(); }
  bool at_end() const override { return copy_.at_end(); }
  std::uint64_t given() const override { return 0; }
  bool seekable() const override { return true; }
  void Seek(std::uint64_t offset) override { copy_.Seek(offset); }
  std::uint64_t position() const override { return copy_.position(); }
  std::uint64_t size() const override { return copy_.size(); }

 private:
  SpoolCopy copy_;
};

}  // namespace

SpoolCopy::SpoolCopy(Fs* fs, ScopedHandle file, std::uint64_t size)
    : fs_(fs), file_(std::move(file)), size_(size), buffer_(kBlockSize, 0) {}

std::size_t SpoolCopy::ReadAt(std::span<char> buffer,
                              std::uint64_t offset) const {
  std::size_t held = 0;
  while (held < buffer.size()) {
    const std::size_t got =
        fs_->ReadAt(file_.get(), buffer.subspan(held), offset + held);
    if (got == 0) break;
    held += got;
  }
  return held;
}

std::span<const char> SpoolCopy::Next() {
  const std::size_t count = ReadAt(buffer_, position_);
  position_ += count;
  at_end_ = count == 0;
  return std::span<const char>(buffer_).first(count);
}

ArchiveInput::ArchiveInput(ByteSource source, std::string name, Spool spool)
    : source_(std::move(source)),
      name_(std::move(name)),
      spool_(std::move(spool)),
      decompressor_(
          [this](std::span<char> buffer) { return ReadSource(buffer); }, name_),
      hash_(spool_.threads) {
  ReadHead();
  format_ = DetectFormat(head_);
  if (format_ == Format::kZip || format_ == Format::kSevenZip) CopyToSpool();
}

void ArchiveInput::Fail(ErrorCode code, const std::string& reason) const {
  throw Error(code, "cannot read " + Quoted(name_) + ": " + reason, name_);
}

void ArchiveInput::CheckRatio(std::uint64_t unpacked) const {
  if (unpacked <= kFreeBytes || unpacked / kMaxRatio <= bytes_read_) return;
  Fail(ErrorCode::kLimitExceeded, "it unpacks to more than " +
                                      std::to_string(kMaxRatio) +
                                      " times its size");
}

SharedBlock ArchiveInput::Keep(std::span<const char> bytes) const {
  SharedBlock block = decompressor_.Kept();
  return LieIn(bytes, block) ? block : nullptr;
}

std::size_t ArchiveInput::ReadSource(std::span<char> buffer) {
  const std::size_t count = source_(buffer);
  hash_.Update(buffer.first(count));
  bytes_read_ += count;
  return count;
}

void ArchiveInput::ReadHead() {
  bool whole = false;
  while (head_.size() < kFormatBytes && !whole) {
    const auto block = decompressor_.Next();
    whole = block.empty();
    head_ += View(block);
  }
  if (head_.empty()) Fail(ErrorCode::kArchiveEmpty, "it is empty");
  if (whole && LooksCut(head_)) {
    // An empty zip is shorter than this and whole.
    if (DetectFormat(head_) != Format::kMaybeTar) return;
    Fail(ErrorCode::kArchiveTruncated, "it ends early");
  }
}

void ArchiveInput::Append(Fs::Handle copy, std::string_view bytes) {
  copied_ += bytes.size();
  if (spool_.max_size != 0 && copied_ > spool_.max_size) {
    Fail(ErrorCode::kLimitExceeded,
         "it is larger than " + std::to_string(spool_.max_size) + " bytes");
  }
  CheckRatio(copied_);
  spool_.fs->Write(copy, bytes);
}

void ArchiveInput::CopyToSpool() {
  if (spool_.fs == nullptr) {
    Fail(ErrorCode::kArchiveUnsupported, "its format needs room to be copied");
  }
  Fs* fs = spool_.fs;
  const ScopedHandle copy(
      fs, fs->Open(spool_.directory, spool_.name, OpenMode::kCreateNew, 0600));
  const auto open = [&] {
    return ScopedHandle(
        fs, fs->Open(spool_.directory, spool_.name, OpenMode::kRead));
  };
  ScopedHandle reading = open();
  ScopedHandle second = spool_.threads == 0 ? ScopedHandle() : open();
  fs->RemoveFile(spool_.directory, spool_.name);
  Append(copy.get(), std::exchange(head_, {}));
  while (true) {
    const auto block = decompressor_.Next();
    if (block.empty()) break;
    Append(copy.get(), View(block));
  }
  copy_.emplace(fs, std::move(reading), copied_);
  const auto read = [this](std::span<char> buffer, std::uint64_t offset) {
    return copy_->ReadAt(buffer, offset);
  };
  if (format_ == Format::kZip) {
    CheckZip(read, copied_, name_, spool_.max_entries);
  } else {
    CheckSevenZip(read, copied_, name_);
  }
  if (second) second_copy_.emplace(fs, std::move(second), copied_);
}

std::unique_ptr<ParserBytes> ArchiveInput::TakeSecondCopy() {
  if (!second_copy_) return nullptr;
  auto taken = std::make_unique<SecondCopy>(std::move(*second_copy_));
  second_copy_.reset();
  return taken;
}

std::span<const char> ArchiveInput::Next() {
  if (copy_) return copy_->Next();
  std::span<const char> block;
  if (!head_.empty()) {
    given_head_ = std::exchange(head_, {});
    block = given_head_;
  } else {
    block = decompressor_.Next();
  }
  const auto last = std::find_if(block.rbegin(), block.rend(),
                                 [](char c) { return c != '\0'; });
  if (last != block.rend()) {
    last_nonzero_end_ =
        given_ + static_cast<std::uint64_t>(block.rend() - last);
  }
  given_ += block.size();
  CheckRatio(given_);
  at_end_ = block.empty();
  return block;
}

}  // namespace release
