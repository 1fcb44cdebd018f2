// The bytes of an archive on their way to the parser of its format: hashed as
// they are read, decompressed, and where the format needs seeking, copied to a
// nameless file.
#ifndef RELEASE_ARCHIVE_ARCHIVE_INPUT_H_
#define RELEASE_ARCHIVE_ARCHIVE_INPUT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "archive/archive_hash.h"
#include "archive/blocks.h"
#include "archive/decompress.h"
#include "archive/format.h"
#include "archive/parser.h"
#include "archive/spool.h"
#include "os/input.h"

namespace release {

constexpr std::uint64_t kFreeBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxRatio = 250;

// The nameless copy, for one thread.
class SpoolCopy {
 public:
  SpoolCopy(Fs* fs, ScopedHandle file, std::uint64_t size);

  std::span<const char> Next();
  // Fills the buffer but at the end.
  std::size_t ReadAt(std::span<char> buffer, std::uint64_t offset) const;

  bool at_end() const { return at_end_; }
  void Seek(std::uint64_t offset) { position_ = offset; }
  std::uint64_t position() const { return position_; }
  std::uint64_t size() const { return size_; }

 private:
  Fs* fs_;
  ScopedHandle file_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
  bool at_end_ = false;
  std::string buffer_;
};

class ArchiveInput final : public ParserBytes {
 public:
  // Reads the first bytes and tells the format. What is no archive by its first
  // bytes throws as reader.h says.
  ArchiveInput(ByteSource source, std::string name, Spool spool);
  ArchiveInput(const ArchiveInput&) = delete;
  ArchiveInput& operator=(const ArchiveInput&) = delete;

  Format format() const { return format_; }
  bool seekable() const override { return copy_.has_value(); }

  std::span<const char> Next() override;
  // Keeps the bytes where they are, if they are some that Next gave last and
  // this can keep; else null.
  SharedBlock Keep(std::span<const char> bytes) const;

  void Seek(std::uint64_t offset) override { copy_->Seek(offset); }
  std::uint64_t position() const override { return copy_->position(); }
  std::uint64_t size() const override { return copy_->size(); }

  bool at_end() const override { return copy_ ? copy_->at_end() : at_end_; }
  // Uncompressed bytes given out so far, and how many of them stand before the
  // zero bytes at their end. Of streams only.
  std::uint64_t given() const override { return given_; }
  std::uint64_t last_nonzero_end() const { return last_nonzero_end_; }

  // The same bytes for another thread, once; null where they are no copy, or
  // the spool asked for no threads. May outlive this.
  std::unique_ptr<ParserBytes> TakeSecondCopy();

  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t max_entries() const { return spool_.max_entries; }
  // Throws Error kLimitExceeded where `unpacked` bytes, more than kFreeBytes,
  // came of less than their kMaxRatio-th part of archive: no release does that.
  void CheckRatio(std::uint64_t unpacked) const;
  // Of all bytes of the archive; call once, after the end.
  std::string FinishHash() { return hash_.Finish(); }

 private:
  std::size_t ReadSource(std::span<char> buffer);
  void ReadHead();
  void CopyToSpool();
  void Append(Fs::Handle copy, std::string_view bytes);
  [[noreturn]] void Fail(ErrorCode code, const std::string& reason) const;

  ByteSource source_;
  std::string name_;
  Spool spool_;
  std::uint64_t bytes_read_ = 0;
  Decompressor decompressor_;
  ArchiveHash hash_;  // after what holds the bytes that it looks at
  Format format_ = Format::kMaybeTar;
  std::string head_;  // read to tell the format, not yet given out
  std::string given_head_;
  std::optional<SpoolCopy> copy_;
  std::optional<SpoolCopy> second_copy_;
  std::uint64_t copied_ = 0;
  bool at_end_ = false;
  std::uint64_t given_ = 0;
  std::uint64_t last_nonzero_end_ = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_ARCHIVE_INPUT_H_
