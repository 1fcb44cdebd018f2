#include "archive/archive_input.h"

#include <doctest/doctest.h>

#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

std::string Made(const std::string& command) {
  TempDir dir;
  Spill(dir.path() + "/f", "content");
  Shell("cd " + dir.path() + "; " + command);
  return Slurp(dir.path() + "/out.zip");
}

std::string Drain(ArchiveInput* feed) {
  std::string out;
  while (true) {
    const auto block = feed->Next();
    if (block.empty()) break;
    out.append(block.data(), block.size());
  }
  return out;
}

TEST_CASE("feed: a stream is given out uncompressed and hashed as it came") {
  const std::string tar = Made("tar -cf out.zip f");
  const std::string packed = Made("tar -cf - f | gzip > out.zip");
  ArchiveInput feed(InPieces(packed, 7), "sample", {});
  CHECK(feed.format() == Format::kTar);
  CHECK_FALSE(feed.seekable());
  const std::string out = Drain(&feed);
  CHECK(out.size() == tar.size());
  CHECK(feed.at_end());
  CHECK(feed.given() == out.size());
  CHECK(feed.last_nonzero_end() == out.find_last_not_of('\0') + 1);
  CHECK(feed.bytes_read() == packed.size());
  Sha256 hash;
  hash.Update(packed);
  CHECK(feed.FinishHash() == hash.Finish());
}

TEST_CASE("feed: what needs seeking is copied to a nameless file") {
  const std::string zip = Made("zip -q out.zip f");
  TempDir dir;
  PosixFs fs(dir.path());
  ArchiveInput feed(InPieces(zip, 50), "sample", {&fs, Fs::kRoot, "spool", 0});
  CHECK(feed.seekable());
  CHECK(std::filesystem::is_empty(dir.path()));
  CHECK(feed.size() == zip.size());
  CHECK(Drain(&feed) == zip);
  feed.Seek(10);
  CHECK(Drain(&feed) == zip.substr(10));
  CHECK(feed.bytes_read() == zip.size());
}

TEST_CASE("feed: another thread gets the same copy, once, where it may") {
  const std::string zip = Made("zip -q out.zip f");
  TempDir dir;
  PosixFs fs(dir.path());
  ArchiveInput alone(InPieces(zip, 50), "sample", {.fs = &fs, .name = "spool"});
  CHECK(alone.TakeSecondCopy() == nullptr);
  ArchiveInput feed(InPieces(zip, 50), "sample",
                    {.fs = &fs, .name = "spool", .threads = 1});
  const auto second = feed.TakeSecondCopy();
  REQUIRE(second);
  CHECK(feed.TakeSecondCopy() == nullptr);
  CHECK(second->size() == zip.size());
  const auto block = second->Next();
  CHECK(std::string(block.begin(), block.end()) == zip);
  CHECK(Drain(&feed) == zip);
}

TEST_CASE("feed: without room to copy a zip is not read") {
  CHECK_THROWS_AS(
      ArchiveInput(InPieces(Made("zip -q out.zip f"), 50), "sample", {}),
      Error);
}

}  // namespace
}  // namespace release
