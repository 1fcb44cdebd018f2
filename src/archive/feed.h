// The bytes of an archive on their way to the parser of its format: hashed as
// they are read, decompressed, and where the format needs seeking, copied to a
// nameless file.
#ifndef RELEASE_ARCHIVE_FEED_H_
#define RELEASE_ARCHIVE_FEED_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "archive/decompress.h"
#include "archive/format.h"
#include "archive/reader.h"
#include "trust/digest.h"

namespace release {

constexpr std::uint64_t kFreeBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxRatio = 250;

class Feed {
 public:
  // Reads the first bytes and tells the format. What is no archive by its first
  // bytes throws as reader.h says.
  Feed(ByteSource source, std::string name, Spool spool);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  Format format() const { return format_; }
  bool seekable() const { return static_cast<bool>(copy_); }

  // The next uncompressed bytes, valid until the next call; empty at the end.
  std::span<const char> Next();

  // Where the next bytes come from; only where seekable.
  void Seek(std::uint64_t offset) { position_ = offset; }
  std::uint64_t position() const { return position_; }
  std::uint64_t size() const { return copy_size_; }

  // Whether Next has returned the end.
  bool at_end() const { return at_end_; }
  // Uncompressed bytes given out so far, and how many of them stand before the
  // zero bytes at their end. Of streams only.
  std::uint64_t given() const { return given_; }
  std::uint64_t last_nonzero_end() const { return last_nonzero_end_; }

  std::uint64_t bytes_read() const { return bytes_read_; }
  // Throws Error kLimitExceeded where `unpacked` bytes, more than kFreeBytes,
  // came of less than their kMaxRatio-th part of archive: no release does that.
  void CheckRatio(std::uint64_t unpacked) const;
  // Of all bytes of the archive; call once, after the end.
  std::string FinishHash() { return sha256_.Finish(); }

 private:
  std::size_t ReadSource(std::span<char> buffer);
  void ReadHead();
  void CopyToSpool();
  void Append(std::string_view bytes);
  std::span<const char> NextOfCopy();
  std::size_t ReadCopy(std::span<char> buffer, std::uint64_t offset);
  [[noreturn]] void Fail(ErrorCode code, const std::string& reason) const;

  ByteSource source_;
  std::string name_;
  Spool spool_;
  Sha256 sha256_;
  std::uint64_t bytes_read_ = 0;
  std::unique_ptr<Decompressor> decompressor_;
  Format format_ = Format::kMaybeTar;
  std::string head_;  // read to tell the format, not yet given out
  std::string given_head_;
  Opened copy_;
  std::uint64_t copy_size_ = 0;
  std::uint64_t position_ = 0;
  std::string buffer_;
  bool at_end_ = false;
  std::uint64_t given_ = 0;
  std::uint64_t last_nonzero_end_ = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_FEED_H_
