// libarchive's parser of one archive, called in the only way that is safe with
// the archive of a stranger: its exceptions pass around it, its memory is
// bounded, and its failures become our errors.
#ifndef RELEASE_ARCHIVE_LIBRARY_PARSER_H_
#define RELEASE_ARCHIVE_LIBRARY_PARSER_H_

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "archive/archive_input.h"
#include "archive/cpio_sums.h"
#include "archive/format.h"
#include "archive/spool.h"

struct archive;
struct archive_entry;

namespace release {

// The bytes that libarchive asks for through its callbacks. libarchive is C, so
// no exception may pass through it: a callback keeps the exception and fails,
// and the parser throws it after the call has returned.
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

// The parser's memory bound: libarchive believes the lengths in an archive, and
// a few bytes of 7z or cpio can ask for gigabytes. Its allocations cannot be
// counted one by one. Therefore calls into it run under a limit for the
// process: the memory that it had when the parser was made, and 256 MiB more. A
// call that fails because malloc does then means that the archive asks for too
// much. The limit holds for all threads while the call lasts; what they
// allocate meanwhile is bounded and small beside it. Setting and lifting it are
// two system calls, so calls that need no bound go without: a tar's, since
// libarchive takes no header of over 1 MiB there, and those that read on in an
// entry of a zip, whose decoder is made with the first block.
//
// Errors are as in reader.h, and those of the bytes pass through.
class LibraryParser {
 public:
  struct Block {
    std::span<const char> bytes;  // valid until the next call
    std::uint64_t offset = 0;     // in the content
  };

  // As ParserBytes.
  LibraryParser(Format format, ArchiveInput* stream, SpoolCopy* copy,
                std::string name);
  LibraryParser(const LibraryParser&) = delete;
  LibraryParser& operator=(const LibraryParser&) = delete;

  // The next entry, valid until the next call; null after the last. The content
  // of the one before must have been skipped.
  archive_entry* NextEntry();
  // The objection of libarchive to that entry; nullopt if there is none.
  const std::optional<std::string>& warning() const { return warning_; }
  // Skips to the end of the current entry.
  void SkipContent();
  // The next block of the current entry's content; nullopt at its end.
  std::optional<Block> NextBlock();
  // Bytes that libarchive has taken of its input.
  std::uint64_t Consumed() const;

 private:
  template <typename Call>
  int Bounded(Call call);
  std::string Message() const;
  [[noreturn]] void Fail();

  const Format format_;
  const std::string name_;
  ParserBytes bytes_;
  std::unique_ptr<archive, int (*)(archive*)> parser_;
  std::uint64_t memory_limit_ = 0;  // for libarchive; 0: none
  bool starved_ = false;            // the last call failed because of that
  bool any_entry_ = false;
  bool block_seen_ = false;  // of the current entry
  std::optional<std::string> warning_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_LIBRARY_PARSER_H_
