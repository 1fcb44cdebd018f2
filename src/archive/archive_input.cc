#include "archive/archive_input.h"

#include <algorithm>
#include <utility>

#include "archive/seekable.h"
#include "os/input.h"

namespace release {
namespace {

std::string_view View(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

ArchiveInput::ArchiveInput(ByteSource source, std::string name, Spool spool)
    : name_(std::move(name)),
      spool_(std::move(spool)),
      decompressor_(std::move(source), name_, spool_.threads) {
  ReadHead();
  format_ = DetectFormat(head_);
  if (format_ == Format::kZip || format_ == Format::kSevenZip) CopyToSpool();
}

void ArchiveInput::Fail(ErrorCode code, const std::string& reason) const {
  FailToRead(name_, code, reason);
}

void ArchiveInput::CheckRatio(std::uint64_t unpacked) const {
  if (unpacked <= kFreeBytes || unpacked / kMaxRatio <= bytes_read()) return;
  Fail(ErrorCode::kLimitExceeded, "it unpacks to more than " +
                                      std::to_string(kMaxRatio) +
                                      " times its size");
}

SharedBlock ArchiveInput::Keep(std::span<const char> bytes) const {
  SharedBlock block = decompressor_.Kept();
  return Contains(block, bytes) ? block : nullptr;
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
    // A whole zip without entries is shorter than kFormatBytes.
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
  file_ = NamelessFile(spool_.fs, spool_.directory, spool_.name);
  Append(file_->get(), std::exchange(head_, {}));
  while (true) {
    const auto block = decompressor_.Next();
    if (block.empty()) break;
    Append(file_->get(), View(block));
  }
  copy_.emplace(spool_.fs, file_, copied_);
  if (format_ == Format::kZip) {
    zip_names_ = CheckZip(*copy_, name_, spool_.max_entries);
  } else {
    CheckSevenZip(*copy_, name_);
  }
}

std::optional<SpoolCopy> ArchiveInput::SecondCopy() const {
  if (!copy_ || spool_.threads == 0) return std::nullopt;
  return SpoolCopy(spool_.fs, file_, copied_);
}

std::span<const char> ArchiveInput::Next() {
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
