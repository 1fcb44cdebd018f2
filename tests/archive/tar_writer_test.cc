#include "archive/tar_writer.h"

#include <doctest/doctest.h>

#include "support/archives.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

struct Tar {
  std::string bytes;
  TarWriter writer{[this](std::span<const char> more) {
    bytes.append(more.data(), more.size());
  }};
  void File(const std::string& path, const std::string& content,
            unsigned mode = 0644) {
    writer.Begin({.path = path, .mode = mode, .size = content.size()});
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

TEST_CASE("tar reads files, directories and links, without time or owner") {
  Tar tar;
  tar.writer.Begin({.kind = EntryKind::kDirectory, .path = "d", .mode = 0755});
  tar.File("d/run", "#!/bin/sh\n", 0755);
  tar.writer.Begin(
      {.kind = EntryKind::kSymlink, .path = "d/link", .target = "run"});
  tar.writer.Finish();
  CHECK(Listing(tar.bytes) ==
        "drwxr-xr-x 0/0               0 1970-01-01 00:00 d/\n"
        "-rwxr-xr-x 0/0              10 1970-01-01 00:00 d/run\n"
        "lrwxrwxrwx 0/0               0 1970-01-01 00:00 d/link -> run\n");
  CHECK(tar.bytes.size() % 512 == 0);
}

TEST_CASE("names of any length and letter are whole") {
  for (const std::size_t length : {99, 100, 101, 150, 255}) {
    Tar tar;
    const std::string name(length, 'n');
    tar.File(name, "x");
    tar.writer.Begin(
        {.kind = EntryKind::kSymlink, .path = "link", .target = name});
    tar.File("caf\xC3\xA9", "y");
    tar.writer.Finish();
    const std::string listing = Listing(tar.bytes);
    CHECK(listing.find(" " + name + "\n") != std::string::npos);
    CHECK(listing.find(" link -> " + name + "\n") != std::string::npos);
    CHECK(listing.find("1970-01-01 00:00 caf") != std::string::npos);
  }
}

TEST_CASE("a size beyond the header's room is in the extended one") {
  Tar tar;
  tar.writer.Begin(
      {.path = "big", .mode = 0644, .size = std::uint64_t{1} << 33});
  CHECK(tar.bytes.find("19 size=8589934592\n") != std::string::npos);
}

TEST_CASE("content that is not as long as was said is refused") {
  Tar tar;
  tar.writer.Begin({.path = "file", .mode = 0644, .size = 5});
  tar.writer.Content(std::string("1234"));
  CHECK(ErrorOf([&] { tar.writer.EndContent(); }).code() ==
        ErrorCode::kIoError);
}

}  // namespace release
