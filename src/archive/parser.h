// Reads the entries of an archive whose format is known from its uncompressed
// bytes.
#ifndef RELEASE_ARCHIVE_PARSER_H_
#define RELEASE_ARCHIVE_PARSER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "archive/entry.h"
#include "archive/format.h"
#include "archive/spool.h"

namespace release {

class ArchiveInput;

// Errors are as in reader.h. For one thread.
class ArchiveParser {
 public:
  // Parses the copy of `input` if it has one, else its stream; or, as another
  // thread may, a copy of an archive of known format. The input must
  // outlive the parser; its errors reach the caller. `name` is for messages.
  ArchiveParser(ArchiveInput* input, std::string name);
  ArchiveParser(Format format, SpoolCopy* copy, std::string name);
  ~ArchiveParser();
  ArchiveParser(const ArchiveParser&) = delete;
  ArchiveParser& operator=(const ArchiveParser&) = delete;

  // As Reader::Next and NextBlock, but a manifest is an entry like others.
  std::optional<ArchiveEntry> Next();
  std::span<const char> NextBlock();

  // Bytes that the parser has taken of a stream, and how many of them precede
  // the end of the last entry that was left.
  std::uint64_t Consumed() const;
  std::uint64_t entries_end() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_PARSER_H_
