#include "archive/seekable.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "support/archives.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/temp_dir.h"

namespace release {
namespace {

std::string Made(const std::string& command) {
  TempDir dir;
  Spill(dir.path() + "/name", "content");
  Spill(dir.path() + "/other", "more content");
  Shell("cd " + dir.path() + "; " + command);
  return Slurp(dir.path() + "/out.zip");
}

// The code of the refusal; kInternal where there is none.
using Checker = void (*)(const SpoolCopy&, const std::string&);

void CheckAnyZip(const SpoolCopy& copy, const std::string& name) {
  CheckZip(copy, name, 0);
}

SpoolCopy CopyOf(Fs* fs, const std::string& bytes) {
  const auto file = NamelessFile(fs, Fs::kRoot, "copy");
  fs->Write(file->get(), bytes);
  return {fs, file, bytes.size()};
}

ErrorCode Check(const std::string& bytes, Checker check) {
  MemFs fs;
  try {
    check(CopyOf(&fs, bytes), "sample");
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

void Replace(std::string* text, const std::string& from, const std::string& to,
             std::size_t at) {
  const std::size_t found = text->find(from, at);
  REQUIRE(found != text->npos);
  text->replace(found, from.size(), to);
}

TEST_CASE("seekable: whole zips of every writer pass") {
  for (const char* command :
       {"zip -q out.zip name other",
        "bsdtar --format zip -cf out.zip name other",
        "cat name | zip -q out.zip - other", "zip -q -fz out.zip name other",
        "echo words | zip -qz out.zip name"}) {
    CAPTURE(std::string(command));
    CHECK(Check(Made(command), CheckAnyZip) == ErrorCode::kInternal);
  }
  const std::string none = std::string("PK\x05\x06") + std::string(18, '\0');
  CHECK(Check(none, CheckAnyZip) == ErrorCode::kInternal);
}

TEST_CASE("seekable: only a program may stand before a zip") {
  for (const char* command :
       {"zip -q a.zip name other; cat stub a.zip > out.zip",
        "zip -q a.zip name other; cat stub a.zip > out.zip; zip -qA out.zip"}) {
    CAPTURE(std::string(command));
    const std::string whole =
        Made("printf '#!/bin/sh\\nexit\\n' > stub; " + std::string(command));
    CHECK(Check(whole, CheckAnyZip) == ErrorCode::kInternal);
    CHECK(Check(whole.substr(0, whole.size() - 30), CheckAnyZip) ==
          ErrorCode::kArchiveUnsupported);
    CHECK(Check(whole + "x", CheckAnyZip) == ErrorCode::kArchiveCorrupt);
    // Another zip before it is none of its entries.
    CHECK(Check(Made("zip -q out.zip name") + whole, CheckAnyZip) ==
          ErrorCode::kArchiveCorrupt);
  }
}

TEST_CASE("seekable: a zip that is cut, extended or at odds is refused") {
  const std::string zip = Made("zip -q out.zip name other");
  for (std::size_t size = 4; size < zip.size(); ++size) {
    CHECK(Check(zip.substr(0, size), CheckAnyZip) ==
          ErrorCode::kArchiveTruncated);
  }
  CHECK(Check(zip + "x", CheckAnyZip) == ErrorCode::kArchiveCorrupt);
  CHECK(Check("x" + zip, CheckAnyZip) == ErrorCode::kArchiveCorrupt);
  std::string local = zip;
  Replace(&local, "name", "mane", 0);
  CHECK(Check(local, CheckAnyZip) == ErrorCode::kArchiveCorrupt);
  std::string listed = zip;
  Replace(&listed, "name", "mane", zip.find("PK\x01\x02"));
  CHECK(Check(listed, CheckAnyZip) == ErrorCode::kArchiveCorrupt);
  std::string fewer = zip;
  fewer[zip.size() - 22 + 10] = 1;
  CHECK(Check(fewer, CheckAnyZip) == ErrorCode::kArchiveCorrupt);
}

TEST_CASE("seekable: a zip whose entries overlap or hide one is corrupt") {
  const std::string zip = Made("zip -q -X out.zip name other");
  const std::size_t second = zip.find("PK\x03\x04", 4);
  const std::size_t list = zip.find("PK\x01\x02");
  REQUIRE(second != zip.npos);
  // The list begins with the second entry; the first is in the file only.
  const std::size_t second_listed = zip.find("PK\x01\x02", list + 4);
  std::string hidden = zip.substr(0, list) + zip.substr(second_listed);
  const std::size_t end = hidden.size() - 22;
  hidden[end + 8] = hidden[end + 10] = 1;
  hidden[end + 12] = static_cast<char>(end - list);
  CHECK(Check(hidden, CheckAnyZip) == ErrorCode::kArchiveCorrupt);
  // Both names of the list lead to the first.
  std::string twice = zip;
  twice.replace(second_listed, second_listed - list,
                zip.substr(list, second_listed - list));
  twice.erase(second_listed + (second_listed - list),
              zip.size() - 22 - second_listed - (second_listed - list));
  const std::size_t twice_end = twice.size() - 22;
  twice[twice_end + 12] = static_cast<char>(twice_end - list);
  CHECK(Check(twice, CheckAnyZip) == ErrorCode::kArchiveCorrupt);
}

TEST_CASE("seekable: a zip of more entries than may be is not looked into") {
  const std::string zip = Made("cp name third; zip -q out.zip *");
  MemFs fs;
  const SpoolCopy copy = CopyOf(&fs, zip);
  CHECK_NOTHROW(CheckZip(copy, "sample", 2));
  CHECK(ErrorOf([&] { CheckZip(copy, "sample", 1); }).code() ==
        ErrorCode::kLimitExceeded);
}

TEST_CASE("seekable: a list is read in parts, however long") {
  // Long names, since each entry costs zip more than its letters.
  const std::string zip = Made(
      "mkdir d; z=$(printf %0240d 0); seq -f d/%.0f$z 4000 | xargs touch;"
      "zip -qr out.zip d");
  const std::size_t list = zip.find("PK\x01\x02");
  REQUIRE(zip.size() - list > 1 << 20);
  CHECK(Check(zip, CheckAnyZip) == ErrorCode::kInternal);
  std::string damaged = zip;
  // In the second part.
  damaged[zip.find("d/", list + (1 << 20))] ^= 1;
  CHECK(Check(damaged, CheckAnyZip) == ErrorCode::kArchiveCorrupt);
}

TEST_CASE("seekable: no byte of a zip's lists makes the check run away") {
  const std::string zip = Made("zip -q -fz out.zip name other");
  for (std::size_t at = zip.find("PK\x01\x02"); at < zip.size(); ++at) {
    for (const int value : {0x00, 0x7F, 0xFF}) {
      std::string changed = zip;
      changed[at] = static_cast<char>(value);
      const ErrorCode code = Check(changed, CheckAnyZip);
      const bool expected = code == ErrorCode::kInternal ||
                            code == ErrorCode::kArchiveCorrupt ||
                            code == ErrorCode::kArchiveTruncated ||
                            code == ErrorCode::kLimitExceeded;
      CHECK(expected);
    }
  }
}

TEST_CASE("seekable: a 7z that is cut, extended or damaged is refused") {
  const std::string file = Made("bsdtar --format 7zip -cf out.zip name other");
  CHECK(Check(file, CheckSevenZip) == ErrorCode::kInternal);
  for (std::size_t size = 0; size < file.size(); ++size) {
    CHECK(Check(file.substr(0, size), CheckSevenZip) ==
          ErrorCode::kArchiveTruncated);
  }
  CHECK(Check(file + "x", CheckSevenZip) == ErrorCode::kArchiveCorrupt);
  std::string damaged = file;
  damaged[14] = 1;
  CHECK(Check(damaged, CheckSevenZip) == ErrorCode::kArchiveCorrupt);
}

// A zip of one stored file whose sizes follow its data, in `following` bytes.
std::string SizesFollow(std::size_t following) {
  const std::string content = "content";
  std::string common;
  const auto number = [](std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (; bytes > 0; --bytes, value >>= 8) out += static_cast<char>(value);
    return out;
  };
  const std::string flags = number(8, 2) + number(0, 2) + number(0, 4);
  const std::string local = "PK\x03\x04" + number(20, 2) + flags +
                            number(0, 12) + number(4, 2) + number(0, 2) +
                            "name" + content + std::string(following, '\x01');
  const std::string listed = "PK\x01\x02" + number(0x314, 2) + number(20, 2) +
                             flags + number(0, 4) + number(content.size(), 4) +
                             number(content.size(), 4) + number(4, 2) +
                             number(0, 12) + number(0, 4) + "name";
  return local + listed + "PK\x05\x06" + number(0, 4) + number(1, 2) +
         number(1, 2) + number(listed.size(), 4) + number(local.size(), 4) +
         number(0, 2);
}

// With and without a magic number, and with sizes of 4 or of 8 bytes.
TEST_CASE("seekable: sizes follow in each of four forms, and in no other") {
  for (std::size_t bytes = 0; bytes < 40; ++bytes) {
    CAPTURE(bytes);
    const bool form =
        bytes == 0 || bytes == 12 || bytes == 16 || bytes == 20 || bytes == 24;
    CHECK(Check(SizesFollow(bytes), CheckAnyZip) ==
          (form ? ErrorCode::kInternal : ErrorCode::kArchiveCorrupt));
  }
}

}  // namespace
}  // namespace release
