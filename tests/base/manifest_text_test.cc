#include "base/manifest_text.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>

#include "base/error.h"
#include "support/manifest_entries.h"

namespace release {
namespace {

std::string Failure(std::string_view text) {
  try {
    ParseManifest(text, "shop/1.4.2");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kManifestUnreadable);
    return error.what();
  }
  return "";
}

const std::string kSample =
    "release-manifest 1\n"
    "version 1.4.2\n"
    "d 0755 bin\n"
    "f 0755 5 9bacbdcedff00112233445566778899a bin/shop\n"
    "l current -> bin/shop\n"
    "f 0644 0 00112233445566778899aabbccddeeff \"read me\"\n";

}  // namespace

TEST_CASE("a manifest is written in the documented form") {
  ManifestEntry empty = File("read me", 0);
  for (std::size_t i = 0; i < 16; ++i) {
    empty.hash[i] = static_cast<unsigned char>(i * 0x11);
  }
  Manifest manifest = Sorted({Directory("bin"), File("bin/shop", 5, 0755),
                              Link("current", "bin/shop"), empty});
  manifest.version = Version::Parse("1.4.2");
  const std::string text = FormatManifest(manifest);
  CHECK(text.starts_with(kSample));
  CHECK(text.substr(kSample.size()).starts_with("end 4 "));
  CHECK(text.size() == kSample.size() + 6 + 16 + 1);
  CHECK(manifest.TotalBytes() == 5);
}

TEST_CASE("version 2 has times and SHA-256 as well") {
  ManifestEntry file = File("bin/shop", 5, 0755);
  file.sha256.fill(0xab);
  file.modified = 1'714'564'800;
  ManifestEntry directory = Directory("bin");
  directory.modified = -1;
  Manifest manifest = Sorted({directory, file, Link("current", "bin/shop")});
  manifest.format = 2;
  const std::string text = FormatManifest(manifest);
  CHECK(text.starts_with(
      "release-manifest 2\n"
      "d 0755 -1 bin\n"
      "f 0755 1714564800 5 9bacbdcedff00112233445566778899a "
      "abababababababababababababababababababababababababababababababab "
      "bin/shop\n"
      "l current -> bin/shop\n"
      "end 3 "));
  const Manifest back = ParseManifest(text, "test");
  CHECK(back.format == 2);
  CHECK(back.entries == manifest.entries);
  CHECK(FormatManifest(back) == text);
  CHECK(Failure("release-manifest 2\nd 0755 bin\n").find("number") !=
        std::string::npos);
  CHECK(Failure("release-manifest 2\n"
                "f 0644 1 1 9bacbdcedff00112233445566778899a a\n")
            .find("no hash") != std::string::npos);
}

TEST_CASE("any name a file system allows survives the manifest") {
  std::string all = "every ";
  for (int c = 1; c < 256; ++c) {
    if (c != '/') all += static_cast<char>(c);
  }
  Manifest manifest = Sorted(
      {File("plain"), File("a -> b"), File(" leading"), File("trailing "),
       File("\"quoted\""), File("back\\slash"), File("new\nline"),
       File("é/日本"), File("\xff\xfe"), File(all), File("end 3"), File("-> x"),
       Directory("->"), Link("x -> y", "to -> z"), Link("l", "../a b"),
       Link("m", "\\"), File("max", ~std::uint64_t{0}, 07777)});
  const Manifest back = ParseManifest(FormatManifest(manifest), "test");
  CHECK(back.entries == manifest.entries);
  CHECK_FALSE(back.version.has_value());
  CHECK(FormatManifest(back) == FormatManifest(manifest));
}

TEST_CASE("an empty manifest is valid") {
  CHECK(ParseManifest(FormatManifest({}), "test").entries.empty());
}

TEST_CASE("a long manifest comes in pieces that are the whole text") {
  std::vector<ManifestEntry> entries;
  for (unsigned i = 0; i < 3'000; ++i) {
    entries.push_back(File(fmt::format("file{:05}", i)));
  }
  const Manifest manifest = Sorted(entries);
  std::size_t pieces = 0;
  std::string text;
  FormatManifest(manifest, [&](std::string_view part) {
    ++pieces;
    text += part;
  });
  CHECK(pieces > 2);
  CHECK(text == FormatManifest(manifest));
  CHECK(ParseManifest(text, "test").entries == manifest.entries);
}

TEST_CASE("a manifest cut anywhere is refused") {
  const std::string text = FormatManifest(
      Sorted({Directory("bin"), File("bin/a b"), Link("c", "d")}));
  REQUIRE(Failure(text).empty());
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(Failure(text.substr(0, length)).empty());
  }
  CHECK(Failure(text + "x\n").find("follows the end") != std::string::npos);
}

TEST_CASE("a manifest with any one bit flipped is refused") {
  const std::string text = FormatManifest(
      Sorted({Directory("bin"), File("bin/a b"), Link("c", "d")}));
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string altered = text;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    CAPTURE(bit);
    CHECK_FALSE(Failure(altered).empty());
  }
}

TEST_CASE("a manifest failure names the origin, the line and what is wrong") {
  const auto line = [](const std::string& third) {
    return Failure("release-manifest 1\nd 0755 a\n" + third + "\n");
  };
  CHECK(line("x 0755 b") ==
        "cannot read manifest \"shop/1.4.2\": line 3: neither a file, a "
        "directory nor a link");
  CHECK(line("d 0798 b").find("no mode") != std::string::npos);
  CHECK(line("d 0755 ../b").find("inside") != std::string::npos);
  CHECK(line("d 0755 /b").find("inside") != std::string::npos);
  CHECK(line("d 0755 b/").find("inside") != std::string::npos);
  CHECK(line("d 0755 b//c").find("inside") != std::string::npos);
  CHECK(line("d 0755 \"b\\x00\"").find("inside") != std::string::npos);
  CHECK(line("d 0755 b c").find("more than one") != std::string::npos);
  CHECK(line("d 0755 a").find("out of order") != std::string::npos);
  CHECK(line("d 0755 \"b").find("unclosed") != std::string::npos);
  CHECK(line("d 0755 \"b\\").find("unclosed") != std::string::npos);
  CHECK(line("d 0755 \"b\\q\"").find("escape") != std::string::npos);
  CHECK(line("l b -> \"\"").find("target") != std::string::npos);
  CHECK(line("f 0644 99999999999999999999 0 b").find("number") !=
        std::string::npos);
  for (const char* number : {"01", "-0", "-1", "+1", ""}) {
    CAPTURE(number);
    CHECK(line(std::string("f 0644 ") + number +
               " 00112233445566778899aabbccddeeff b")
              .find("no number") != std::string::npos);
  }
  CHECK(line("f 0644 1 00 b").find("no hash") != std::string::npos);
  CHECK(line("version 1").find("neither") != std::string::npos);
  CHECK(
      Failure("release-manifest 1\nversion ..\n").find("line 2: no version") !=
      std::string::npos);
}

TEST_CASE("a manifest of a newer format is refused by its version") {
  CHECK(
      Failure("release-manifest 3\n") ==
      "cannot read manifest \"shop/1.4.2\": line 1: format version \"3\", but "
      "this program knows only 1 to 2");
  CHECK(Failure("release-manifest 02\n").find("version") != std::string::npos);
  CHECK(Failure("PK\x03\x04\n").find("no manifest") != std::string::npos);
}

TEST_CASE("40,000 entries are written and read in a moment") {
  Manifest manifest;
  for (int i = 0; i < 40'000; ++i) {
    manifest.entries.push_back(File(
        fmt::format("lib/some/package/with/depth/{:05}/module.js", i), 6000));
  }
  const auto start = std::chrono::steady_clock::now();
  const std::string text = FormatManifest(manifest);
  const Manifest back = ParseManifest(text, "test");
  const std::chrono::duration<double, std::milli> took =
      std::chrono::steady_clock::now() - start;
  CHECK(back.entries.size() == 40'000);
  MESSAGE("format and parse: ", took.count(), " ms");
  // The bound is generous, for loaded machines and sanitizers.
  CHECK(took.count() < 1000);
}

}  // namespace release
