#include "archive/tar_writer.h"

#include <doctest/doctest.h>

#include "support/archives.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

constexpr std::int64_t kTime = 1'714'564'800;  // 2024-05-01 12:00

struct Tar {
  std::string bytes;
  TarWriter writer{[this](std::span<const char> more) {
    bytes.append(more.data(), more.size());
  }};
  void File(const std::string& path, const std::string& content,
            unsigned mode = 0644) {
    writer.Begin({.path = path, .mode = mode, .size = content.size()}, kTime);
    writer.Content(content);
    writer.EndContent();
  }
};

// The listing that `tar` prints.
std::string Listing(const std::string& bytes) {
  const TempDir dir;
  Spill(dir.path() + "/a.tar", bytes);
  Shell("LC_ALL=C.UTF-8 TZ=UTC tar --numeric-owner -tvf " + dir.path() +
        "/a.tar > " + dir.path() + "/out");
  return Slurp(dir.path() + "/out");
}

}  // namespace

TEST_CASE("tar reads files, directories and links, with times, without owner") {
  Tar tar;
  tar.writer.Begin({.kind = EntryKind::kDirectory, .path = "d", .mode = 0755},
                   kTime);
  tar.File("d/run", "#!/bin/sh\n", 0755);
  tar.writer.Begin(
      {.kind = EntryKind::kSymlink, .path = "d/link", .target = "run"}, kTime);
  tar.writer.Finish();
  CHECK(Listing(tar.bytes) ==
        "drwxr-xr-x 0/0               0 2024-05-01 12:00 d/\n"
        "-rwxr-xr-x 0/0              10 2024-05-01 12:00 d/run\n"
        "lrwxrwxrwx 0/0               0 2024-05-01 12:00 d/link -> run\n");
  CHECK(tar.bytes.size() % 512 == 0);
}

TEST_CASE("names of any length and letter are whole") {
  for (const std::size_t length : {99, 100, 101, 150, 255}) {
    Tar tar;
    const std::string name(length, 'n');
    tar.File(name, "x");
    tar.writer.Begin(
        {.kind = EntryKind::kSymlink, .path = "link", .target = name}, kTime);
    tar.File("caf\xC3\xA9", "y");
    tar.writer.Finish();
    const std::string listing = Listing(tar.bytes);
    CHECK(listing.find(" " + name + "\n") != std::string::npos);
    CHECK(listing.find(" link -> " + name + "\n") != std::string::npos);
    CHECK(listing.find("2024-05-01 12:00 caf") != std::string::npos);
  }
}

TEST_CASE("a size beyond the header's room is in the extended one") {
  Tar tar;
  tar.writer.Begin(
      {.path = "big", .mode = 0644, .size = std::uint64_t{1} << 33}, kTime);
  CHECK(tar.bytes.find("19 size=8589934592\n") != std::string::npos);
}

TEST_CASE("a time beyond the header's room is in the extended one") {
  Tar tar;
  tar.writer.Begin({.path = "old", .mode = 0644}, -86'400);
  tar.writer.Begin({.path = "late", .mode = 0644}, std::int64_t{1} << 33);
  tar.writer.Finish();
  CHECK(tar.bytes.find(" mtime=-86400\n") != std::string::npos);
  CHECK(tar.bytes.find(" mtime=8589934592\n") != std::string::npos);
  CHECK(Listing(tar.bytes) ==
        "-rw-r--r-- 0/0               0 1969-12-31 00:00 old\n"
        "-rw-r--r-- 0/0               0 2242-03-16 12:56 late\n");
}

TEST_CASE("content that is not as long as was said is refused") {
  Tar tar;
  tar.writer.Begin({.path = "file", .mode = 0644, .size = 5}, kTime);
  tar.writer.Content(std::string("1234"));
  CHECK(ErrorOf([&] { tar.writer.EndContent(); }).code() ==
        ErrorCode::kIoError);
}

}  // namespace release
