// The entries of an archive whose format is known, out of its uncompressed
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

namespace release {

// Where a parser takes its bytes from. What one throws reaches the caller of
// the parser.
class ParserBytes {
 public:
  virtual ~ParserBytes() = default;

  // The next bytes, valid until the next call; empty at the end.
  virtual std::span<const char> Next() = 0;
  // Whether Next has returned the end.
  virtual bool at_end() const = 0;
  // How many bytes Next has returned; of streams only.
  virtual std::uint64_t given() const = 0;

  virtual bool seekable() const = 0;
  // Where the next bytes come from; only where seekable.
  virtual void Seek(std::uint64_t offset) = 0;
  virtual std::uint64_t position() const = 0;
  virtual std::uint64_t size() const = 0;
};

// Errors are as in reader.h. For one thread.
class ArchiveParser {
 public:
  // `bytes` outlives the parser; `name` is for messages.
  ArchiveParser(Format format, ParserBytes* bytes, std::string name);
  ~ArchiveParser();
  ArchiveParser(const ArchiveParser&) = delete;
  ArchiveParser& operator=(const ArchiveParser&) = delete;

  // As Reader has them; but every entry is one.
  std::optional<ArchiveEntry> Next();
  std::span<const char> NextBlock();

  // The bytes the parser has taken, and how many of them stand before the end
  // of the last entry that was left.
  std::uint64_t Consumed() const;
  std::uint64_t entries_end() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_PARSER_H_
