// The bytes of an archive on their way to the parser of its format: hashed as
// they are read, decompressed and, if the format needs seeking, copied to a
// nameless file.
#ifndef RELEASE_ARCHIVE_ARCHIVE_INPUT_H_
#define RELEASE_ARCHIVE_ARCHIVE_INPUT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "archive/blocks.h"
#include "archive/decompress.h"
#include "archive/format.h"
#include "archive/parsed_entry.h"
#include "archive/spool.h"
#include "os/input.h"

namespace release {

constexpr std::uint64_t kFreeBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxRatio = 250;

class ArchiveInput {
 public:
  // Reads the first bytes and detects the format. Throws as reader.h says if
  // they do not begin an archive, or the whole of a zip or 7z is not one.
  ArchiveInput(ByteSource source, std::string name, Spool spool);
  ArchiveInput(const ArchiveInput&) = delete;
  ArchiveInput& operator=(const ArchiveInput&) = delete;

  Format format() const { return format_; }
  // The copy of a zip or 7z; null for formats that are read as a stream.
  SpoolCopy* copy() { return copy_ ? &*copy_ : nullptr; }
  ZipNames zip_names() const { return zip_names_; }  // of a zip
  // The same bytes for another thread; nullopt if they are no copy or the spool
  // asks for no threads. May outlive this.
  std::optional<SpoolCopy> SecondCopy() const;

  // -- streams only
  // The next uncompressed bytes, valid until the next call; empty at the end.
  std::span<const char> Next();
  // Whether Next has returned the end.
  bool at_end() const { return at_end_; }
  // Bytes that Next has returned, and how many of them precede the zero bytes
  // at their end.
  std::uint64_t given() const { return given_; }
  std::uint64_t last_nonzero_end() const { return last_nonzero_end_; }

  // The block that holds these bytes, if Next returned them last and they can
  // be kept beyond the next call; else null.
  SharedBlock Keep(std::span<const char> bytes) const;

  bool is_compressed() const { return decompressor_.is_compressed(); }
  std::uint64_t bytes_read() const { return decompressor_.bytes_read(); }
  std::uint64_t max_entries() const { return spool_.max_entries; }
  // Throws Error kLimitExceeded if `unpacked` bytes are more than kFreeBytes
  // and more than kMaxRatio times the bytes read: no release packs that well.
  void CheckRatio(std::uint64_t unpacked) const;
  // The SHA-256 of all bytes of the archive; call once, after the end.
  std::string FinishHash() { return decompressor_.FinishHash(); }

 private:
  void ReadHead();
  void CopyToSpool();
  void Append(Fs::Handle copy, std::string_view bytes);
  [[noreturn]] void Fail(ErrorCode code, const std::string& reason) const;

  std::string name_;
  Spool spool_;
  Decompressor decompressor_;
  Format format_ = Format::kMaybeTar;
  std::string head_;  // read to detect the format, not yet returned
  std::string given_head_;
  std::shared_ptr<const ScopedHandle> file_;  // of the copy
  std::optional<SpoolCopy> copy_;
  ZipNames zip_names_;
  std::uint64_t copied_ = 0;
  bool at_end_ = false;
  std::uint64_t given_ = 0;
  std::uint64_t last_nonzero_end_ = 0;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_ARCHIVE_INPUT_H_
