#include "archive/library_parser.h"

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <memory>

#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using Parser = std::unique_ptr<archive, int (*)(archive*)>;

Parser TarParser(ParserBytes* bytes) {
  Parser parser(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(parser.get());
  bytes->AttachTo(parser.get());
  return parser;
}

std::string Tar(const std::string& format, const std::string& name) {
  TempDir dir;
  Spill(dir.path() + "/" + name, "content");
  Shell("cd " + dir.path() + "; tar --format=" + format + " -cf - " + name +
        " > .out");
  return Slurp(dir.path() + "/.out");
}

TEST_CASE("library parser: libarchive reads a stream to its end") {
  ArchiveInput input(InPieces(Tar("ustar", "name"), 100), "sample", {});
  ParserBytes bytes(Format::kTar, &input, nullptr, "sample");
  CHECK_FALSE(bytes.seekable());
  const Parser parser = TarParser(&bytes);
  REQUIRE(archive_read_open1(parser.get()) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  CHECK(archive_read_next_header(parser.get(), &entry) == ARCHIVE_OK);
  CHECK(archive_read_next_header(parser.get(), &entry) == ARCHIVE_EOF);
  bytes.ReadOn();
  CHECK(bytes.StreamEnded());
  CHECK_NOTHROW(bytes.RethrowKept());
}

TEST_CASE("library parser: an exception is thrown after the call, once") {
  ArchiveInput input(InPieces(Tar("ustar", "name"), 100, 8,
                              Error(ErrorCode::kIoError, "broken")),
                     "sample", {});
  ParserBytes bytes(Format::kTar, &input, nullptr, "sample");
  const Parser parser = TarParser(&bytes);
  archive_entry* entry = nullptr;
  if (archive_read_open1(parser.get()) == ARCHIVE_OK) {
    while (archive_read_next_header(parser.get(), &entry) == ARCHIVE_OK) {
    }
  }
  CHECK(ErrorOf([&] { bytes.RethrowKept(); }).code() == ErrorCode::kIoError);
  CHECK_NOTHROW(bytes.RethrowKept());
}

TEST_CASE("library parser: entries and their blocks come in order") {
  ArchiveInput input(InPieces(Tar("ustar", "name"), 100), "sample", {});
  LibraryParser parser(Format::kTar, &input, nullptr, "sample");
  archive_entry* const entry = parser.NextEntry();
  REQUIRE(entry != nullptr);
  CHECK(std::string(archive_entry_pathname(entry)) == "name");
  CHECK_FALSE(parser.warning());
  std::string content;
  while (const auto block = parser.NextBlock()) {
    CHECK(block->offset == content.size());
    content.append(block->bytes.begin(), block->bytes.end());
  }
  CHECK(content == "content");
  parser.SkipContent();
  CHECK(parser.Consumed() == 1024);
  CHECK(parser.NextEntry() == nullptr);
}

TEST_CASE("library parser: bytes that are no archive are unsupported") {
  ArchiveInput input(InPieces(std::string(2000, 'x'), 100), "sample", {});
  const auto read = [&] {
    LibraryParser(Format::kMaybeTar, &input, nullptr, "sample").NextEntry();
  };
  CHECK(ErrorOf(read).code() == ErrorCode::kArchiveUnsupported);
}

}  // namespace
}  // namespace release
