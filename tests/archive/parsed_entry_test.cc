#include "archive/parsed_entry.h"

#include <archive_entry.h>
#include <doctest/doctest.h>

#include <memory>

#include "support/expect_error.h"

namespace release {
namespace {

using Parsed = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

Parsed File(const char* path) {
  Parsed entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), path);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 04755);
  return entry;
}

TEST_CASE("parsed entry: a file keeps its name, mode and known size") {
  const Parsed file = File("./a");
  ArchiveEntry entry = ConvertEntry(file.get(), "sample");
  CHECK(entry.kind == ArchiveEntry::Kind::kFile);
  CHECK(entry.path == "./a");
  CHECK(entry.mode == 04755);
  CHECK_FALSE(entry.size);
  archive_entry_set_size(file.get(), 7);
  CHECK(ConvertEntry(file.get(), "sample").size == 7);
}

TEST_CASE("parsed entry: links have targets, devices are of another kind") {
  const Parsed link = File("link");
  archive_entry_set_filetype(link.get(), AE_IFLNK);
  archive_entry_set_symlink(link.get(), "to");
  ArchiveEntry entry = ConvertEntry(link.get(), "sample");
  CHECK(entry.kind == ArchiveEntry::Kind::kSymlink);
  CHECK(entry.target == "to");
  const Parsed hard_link = File("hard");
  archive_entry_set_hardlink(hard_link.get(), "first");
  entry = ConvertEntry(hard_link.get(), "sample");
  CHECK(entry.kind == ArchiveEntry::Kind::kHardLink);
  CHECK(entry.target == "first");
  const Parsed device = File("null");
  archive_entry_set_filetype(device.get(), AE_IFCHR);
  CHECK(ConvertEntry(device.get(), "sample").kind ==
        ArchiveEntry::Kind::kOther);
}

TEST_CASE("parsed entry: an entry without a name is unsafe") {
  const Parsed entry(archive_entry_new(), archive_entry_free);
  CHECK(ErrorOf([&] { ConvertEntry(entry.get(), "sample"); }).code() ==
        ErrorCode::kUnsafeEntry);
}

TEST_CASE("parsed entry: warnings about owners pass, others refuse") {
  const Parsed file = File("a");
  CHECK_NOTHROW(CheckWarning(file.get(), "Uname can't be converted", "sample"));
  CHECK(ErrorOf([&] {
          CheckWarning(file.get(), "Pathname can't be converted", "sample");
        }).code() == ErrorCode::kUnsafeEntry);
  const Error error = ErrorOf(
      [&] { CheckWarning(file.get(), "Ignoring malformed header", "sample"); });
  CHECK(error.code() == ErrorCode::kArchiveCorrupt);
  CHECK(Says(error, "\"a\": Ignoring malformed header"));
}

// As libarchive 3.6 says them.
TEST_CASE("parsed entry: owners and ACLs do not matter, names do") {
  CHECK(IsHarmless("Uname can't be converted from UTF-8 to current locale."));
  CHECK(IsHarmless("Parse error: SCHILY.acl.access ACL"));
  const char* name =
      "Pathname can't be converted from UTF-8 to current locale.";
  CHECK_FALSE(IsHarmless(name));
  CHECK(IsAboutName(name));
  CHECK(IsAboutName("Linkname can't be converted from UTF-8"));
  CHECK_FALSE(IsAboutName("Ignoring malformed pax extended attribute"));
}

TEST_CASE("parsed entry: what cannot be read is told from what is damaged") {
  for (const char* message :
       {"Unsupported ZIP compression method (9: deflate64)",
        "Crypto codec not supported yet (ID: 0x6f10701)",
        "Encrypted file is unsupported",
        "Passphrase required for this entry"}) {
    CAPTURE(message);
    CHECK(IsAboutSupport(message));
  }
  CHECK_FALSE(IsAboutSupport("Damaged 7-Zip archive"));
  CHECK(IsAboutFormat("Unrecognized archive format"));
  CHECK_FALSE(IsAboutFormat("Damaged tar archive"));
}

TEST_CASE("parsed entry: a long text is cut") {
  CHECK(Beginning("short") == "short");
  CHECK(Beginning(std::string(10'000, 'x')) == std::string(512, 'x'));
}

}  // namespace
}  // namespace release
