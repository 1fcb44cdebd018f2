#include "archive/parser.h"

#include <doctest/doctest.h>

#include "archive/archive_input.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/temp_dir.h"

namespace release {
namespace {

SpoolCopy CopyOf(Fs* fs, const std::string& bytes) {
  const auto file = NamelessFile(fs, Fs::kRoot, "copy");
  fs->Write(file->get(), bytes);
  return {fs, file, bytes.size()};
}

std::string Zip() {
  TempDir dir;
  Spill(dir.path() + "/one", "first");
  Spill(dir.path() + "/two", Noise(100'000, 3));
  Shell("cd " + dir.path() + "; zip -q out.zip one two");
  return Slurp(dir.path() + "/out.zip");
}

TEST_CASE("parser: entries and their content come in order") {
  MemFs fs;
  SpoolCopy bytes = CopyOf(&fs, Zip());
  ArchiveParser parser(Format::kZip, &bytes, "sample");
  auto entry = parser.Next();
  REQUIRE(entry);
  CHECK(entry->path == "one");
  const auto block = parser.NextBlock();
  CHECK(std::string(block.begin(), block.end()) == "first");
  CHECK(parser.NextBlock().empty());
  entry = parser.Next();
  REQUIRE(entry);
  CHECK(entry->path == "two");
  CHECK(entry->size == 100'000);
  // Unread content is skipped.
  CHECK_FALSE(parser.Next());
  CHECK_FALSE(parser.Next());
}

TEST_CASE("parser: an error of the source reaches the caller as it is") {
  TempDir dir;
  Spill(dir.path() + "/noise", Noise(900'000, 3));
  Shell("cd " + dir.path() + "; tar -cf out noise");
  ArchiveInput input(InPieces(Slurp(dir.path() + "/out"), 1000, 500,
                              Error(ErrorCode::kIoError, "broken")),
                     "sample", {});
  ArchiveParser parser(&input, "sample");
  REQUIRE(parser.Next());
  const auto read = [&] {
    while (!parser.NextBlock().empty()) continue;
  };
  CHECK(ErrorOf(read).code() == ErrorCode::kIoError);
}

TEST_CASE("parser: an entry whose content is damaged is corrupt") {
  std::string zip = Zip();
  zip[zip.find("first")] = 'F';
  MemFs fs;
  SpoolCopy bytes = CopyOf(&fs, zip);
  ArchiveParser parser(Format::kZip, &bytes, "sample");
  REQUIRE(parser.Next());
  const auto read = [&] {
    while (!parser.NextBlock().empty()) continue;
  };
  CHECK(ErrorOf(read).code() == ErrorCode::kArchiveCorrupt);
}

}  // namespace
}  // namespace release
