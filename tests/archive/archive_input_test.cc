#include "archive/archive_input.h"

#include <doctest/doctest.h>

#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/temp_dir.h"
#include "trust/digest.h"

namespace release {
namespace {

std::string Made(const std::string& command) {
  TempDir dir;
  Spill(dir.path() + "/f", "content");
  Shell("cd " + dir.path() + "; " + command);
  return Slurp(dir.path() + "/out.zip");
}

template <typename Bytes>
std::string Drain(Bytes* bytes) {
  std::string out;
  while (true) {
    const auto block = bytes->Next();
    if (block.empty()) break;
    out.append(block.data(), block.size());
  }
  return out;
}

TEST_CASE(
    "archive input: a stream is returned uncompressed and hashed as it came") {
  const std::string tar = Made("tar -cf out.zip f");
  const std::string packed = Made("tar -cf - f | gzip > out.zip");
  ArchiveInput input(InPieces(packed, 7), "sample", {});
  CHECK(input.format() == Format::kTar);
  CHECK(input.copy() == nullptr);
  const std::string out = Drain(&input);
  CHECK(out.size() == tar.size());
  CHECK(input.at_end());
  CHECK(input.given() == out.size());
  CHECK(input.last_nonzero_end() == out.find_last_not_of('\0') + 1);
  CHECK(input.bytes_read() == packed.size());
  Sha256 hash;
  hash.Update(packed);
  CHECK(input.FinishHash() == hash.Finish());
}

TEST_CASE(
    "archive input: a format that needs seeking is copied to a nameless file") {
  const std::string zip = Made("zip -q out.zip f");
  TempDir dir;
  PosixFs fs(dir.path());
  ArchiveInput input(InPieces(zip, 50), "sample", {&fs, Fs::kRoot, "spool", 0});
  REQUIRE(input.copy() != nullptr);
  CHECK(boost::filesystem::is_empty(dir.path()));
  CHECK(input.copy()->size() == zip.size());
  CHECK(Drain(input.copy()) == zip);
  input.copy()->Seek(10);
  CHECK(Drain(input.copy()) == zip.substr(10));
  CHECK(input.bytes_read() == zip.size());
}

TEST_CASE(
    "archive input: another thread gets the same bytes if threads are "
    "allowed") {
  const std::string zip = Made("zip -q out.zip f");
  TempDir dir;
  PosixFs fs(dir.path());
  ArchiveInput alone(InPieces(zip, 50), "sample", {.fs = &fs, .name = "spool"});
  CHECK_FALSE(alone.SecondCopy());
  ArchiveInput input(InPieces(zip, 50), "sample",
                     {.fs = &fs, .name = "spool", .threads = 1});
  auto second = input.SecondCopy();
  REQUIRE(second);
  CHECK(second->size() == zip.size());
  CHECK(Drain(&*second) == zip);
  CHECK(Drain(input.copy()) == zip);
}

TEST_CASE("archive input: without room to copy a zip is not read") {
  CHECK_THROWS_AS(
      ArchiveInput(InPieces(Made("zip -q out.zip f"), 50), "sample", {}),
      Error);
}

}  // namespace
}  // namespace release
