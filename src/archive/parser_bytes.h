// The bytes that libarchive asks for through its callbacks.
#ifndef RELEASE_ARCHIVE_PARSER_BYTES_H_
#define RELEASE_ARCHIVE_PARSER_BYTES_H_

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "archive/archive_input.h"
#include "archive/cpio_sums.h"
#include "archive/format.h"
#include "archive/spool.h"

struct archive;

namespace release {

// libarchive is C, so no exception may pass through it: a callback keeps the
// exception and fails, and the parser throws it after the call has returned.
class ParserBytes {
 public:
  // Reads `copy`, or `stream` if that is null. Both outlive this; `name` is for
  // messages.
  ParserBytes(Format format, ArchiveInput* stream, SpoolCopy* copy,
              std::string name);
  ParserBytes(const ParserBytes&) = delete;
  ParserBytes& operator=(const ParserBytes&) = delete;

  // Makes `parser` ask this for its bytes; this must not move afterwards.
  void AttachTo(archive* parser);
  // Throws what was thrown during the last call into libarchive.
  void RethrowKept();

  bool seekable() const { return copy_ != nullptr; }
  // Whether the parser of a stream has asked for bytes behind the end.
  bool StreamEnded() const { return !seekable() && stream_->at_end(); }
  // Limits the bytes read of a stream until EndHeader to kMaxHeader; more throw
  // Error kLimitExceeded.
  void BeginHeader();
  void EndHeader() { header_begin_.reset(); }
  // Reads a stream to its end, at most 64 MiB of it.
  void ReadOn();

 private:
  template <typename Function>
  std::int64_t Guarded(archive* parser, Function function);
  std::int64_t Read(const void** bytes);
  std::int64_t Seek(std::int64_t offset, int whence);

  const Format format_;
  ArchiveInput* const stream_;
  SpoolCopy* const copy_;
  const std::string name_;
  std::exception_ptr kept_;
  CpioSums sums_;
  std::optional<std::uint64_t> header_begin_;  // while a stream's is read
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_PARSER_BYTES_H_
