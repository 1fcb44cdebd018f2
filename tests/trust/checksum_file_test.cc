#include "trust/checksum_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <boost/filesystem.hpp>
#include <boost/filesystem/fstream.hpp>

#include "base/error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

const std::string kA(64, 'a');
const std::string kB(64, 'b');

std::optional<std::string> Find(const std::string& text, bool sole = false) {
  return FindChecksum(text, "shop.tar", sole, "SUMS");
}

ErrorCode CodeOf(const std::string& text) {
  try {
    Find(text);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("SUMS") != std::string::npos);
    return error.code();
  }
  return ErrorCode::kInternal;
}

void Put(const boost::filesystem::path& path, const std::string& text) {
  boost::filesystem::ofstream(path) << text;
}

TEST_CASE("checksum: 64 hex digits in either case are a digest") {
  CHECK(ParseSha256(std::string(64, 'A')) == kA);
  CHECK(ParseSha256(kB) == kB);
  CHECK_FALSE(ParseSha256(kA.substr(1)));
  CHECK_FALSE(ParseSha256(kA + "a"));
  CHECK_FALSE(ParseSha256(std::string(64, 'g')));
  CHECK_FALSE(ParseSha256(""));
}

TEST_CASE("checksum: every form of a line is read") {
  CHECK(Find(kA + "  shop.tar\n") == kA);
  CHECK(Find(kA + " *shop.tar\n") == kA);
  CHECK(Find(kA + "  ./dist/shop.tar\r\n") == kA);
  CHECK(Find("SHA256 (shop.tar) = " + kA) == kA);
  CHECK(Find("SHA256 (out/shop.tar) = " + kA + "\n") == kA);
  CHECK(Find("# made today\n\n" + kB + "  other.tar\n" + kA + "  shop.tar") ==
        kA);
}

// The ASCII text as PowerShell writes it, in either byte order.
std::string Utf16(const std::string& text, bool big) {
  std::string out = big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : text) {
    out += big ? std::string{'\0', c} : std::string{c, '\0'};
  }
  return out;
}

TEST_CASE("checksum: byte order marks and UTF-16 are read") {
  const std::string line = kA + "  shop.tar\r\n";
  CHECK(Find("\xEF\xBB\xBF" + line) == kA);
  CHECK(Find(Utf16(line, false)) == kA);
  CHECK(Find(Utf16(line, true)) == kA);
  // U+00E9 and U+1F600, the latter in two units.
  const std::string name("\xE9\0\x3D\xD8\x00\xDE.\0t\0a\0r\0", 14);
  CHECK(FindChecksum(Utf16(kA + "  ", false) + name,
                     "\xC3\xA9\xF0\x9F\x98\x80.tar", false, "SUMS") == kA);
}

TEST_CASE("checksum: OpenSSL's forms, and sums of a pipe, are read") {
  CHECK(Find("SHA256(shop.tar)= " + kA) == kA);
  CHECK(Find("SHA2-256(out/shop.tar)= " + kA + "\n") == kA);
  CHECK_FALSE(Find("SHA2-256(other.tar)= " + kA + "\n"));
  for (const char* line : {"SHA2-256(stdin)= ", "(stdin)= ", ""}) {
    const std::string text =
        line + kA + (std::string(line).empty() ? "  -\n" : "\n");
    CAPTURE(text);
    CHECK(Find(text, true) == kA);
    CHECK_FALSE(Find(text, false));
  }
}

TEST_CASE("checksum: lines about other files are ignored") {
  CHECK_FALSE(Find(kA + "  other.tar\n"));
  CHECK_FALSE(Find(kA + "  my-shop.tar\n"));
  CHECK_FALSE(Find(kA + "  shop.tar/other\n"));
}

TEST_CASE("checksum: a bare digest counts only as the sole line") {
  CHECK(Find(kA + "\n", true) == kA);
  CHECK_FALSE(Find(kA + "\n", false));
  CHECK_FALSE(Find(kA + "\n" + kB + "\n", true));
}

TEST_CASE("checksum: a repeated digest is accepted, a different one refused") {
  CHECK(Find(kA + "  shop.tar\n" + kA + " *shop.tar\n") == kA);
  CHECK(CodeOf(kA + "  shop.tar\n" + kB + "  shop.tar\n") ==
        ErrorCode::kChecksumUnreadable);
}

TEST_CASE("checksum: a file without any digest is refused") {
  CHECK(CodeOf("") == ErrorCode::kChecksumUnreadable);
  CHECK(CodeOf("<html>not found</html>\n") == ErrorCode::kChecksumUnreadable);
  CHECK(CodeOf(kA.substr(1) + "  shop.tar\n") ==
        ErrorCode::kChecksumUnreadable);
}

TEST_CASE("checksum: ARCHIVE.sha256 takes precedence over SHA256SUMS") {
  TempDir dir;
  const boost::filesystem::path root(dir.path());
  const std::string archive = (root / "shop.tar").string();
  CHECK_FALSE(ChecksumBeside(archive));
  Put(root / "SHA256SUMS", kA + "  shop.tar\n");
  const auto sums = ChecksumBeside(archive);
  REQUIRE(sums);
  CHECK(sums->sha256 == kA);
  CHECK(sums->origin == (root / "SHA256SUMS").string());
  Put(root / "shop.tar.sha256", kB + "\n");
  const auto own = ChecksumBeside(archive);
  REQUIRE(own);
  CHECK(own->sha256 == kB);
  CHECK(own->origin == archive + ".sha256");
}

TEST_CASE("checksum: an ARCHIVE.sha256 about another file is refused") {
  TempDir dir;
  const boost::filesystem::path root(dir.path());
  Put(root / "shop.tar.sha256", kA + "  other.tar\n");
  CHECK_THROWS_AS(ChecksumBeside((root / "shop.tar").string()), Error);
  boost::filesystem::remove(root / "shop.tar.sha256");
  boost::filesystem::create_directory(root / "shop.tar.sha256");
  try {
    ChecksumBeside((root / "shop.tar").string());
    FAIL("a directory was taken for a checksum file");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kChecksumUnreadable);
  }
}

TEST_CASE("checksum: a fifo beside an archive is not waited for") {
  TempDir dir;
  const std::string archive = dir.path() + "/shop.tar";
  REQUIRE(mkfifo((archive + ".sha256").c_str(), 0600) == 0);
  CHECK_THROWS_AS(ChecksumBeside(archive), Error);
}

}  // namespace
}  // namespace release
