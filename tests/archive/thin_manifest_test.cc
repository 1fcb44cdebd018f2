#include "archive/thin_manifest.h"

#include <doctest/doctest.h>

#include "base/hex.h"
#include "base/manifest_text.h"
#include "support/expect_error.h"
#include "support/manifest_entries.h"

namespace release {
namespace {

Manifest OfVersion(const std::string& version,
                   std::vector<ManifestEntry> entries) {
  Manifest manifest = Sorted(std::move(entries));
  manifest.version = Version::Parse(version);
  manifest.format = 2;
  return manifest;
}

const Manifest kBase = OfVersion(
    "1", {Directory("bin"), File("bin/a"), File("bin/b"), File("bin/c"),
          File("gone"), Link("link", "bin/a"), File("zz")});
const Manifest kWhole =
    OfVersion("2", {Directory("bin"), File("bin/a"), File("bin/b", 6),
                    Link("link", "bin/b"), File("new"), File("zz")});

ThinManifest Between(const Manifest& base, const Manifest& whole) {
  return DifferenceFrom(base, DigestOf(FormatManifest(base)), whole);
}

std::vector<std::string> PathsOf(const Manifest& manifest) {
  std::vector<std::string> paths;
  for (const ManifestEntry& entry : manifest.entries) {
    paths.push_back(entry.path);
  }
  return paths;
}

ThinManifest Reread(const ThinManifest& thin) {
  return ParseThinManifest(FormatThinManifest(thin), "t");
}

}  // namespace

TEST_CASE("a thin manifest holds what is new or differs, and what is gone") {
  const ThinManifest thin = Between(kBase, kWhole);
  using Range = ThinManifest::Range;
  CHECK(thin.dropped == std::vector<Range>{{3, 2}});
  CHECK(PathsOf(thin.changed) ==
        std::vector<std::string>{"bin/b", "link", "new"});
  const std::string text = FormatThinManifest(thin);
  CHECK(text == "release-thin-manifest 1\nbase " + HexText(thin.base) +
                    "\nwhole " + HexText(thin.whole) + "\ndrop 3 2\n" +
                    FormatManifest(thin.changed));
  CHECK(IsThinManifest(text));
  CHECK(!IsThinManifest(FormatManifest(kWhole)));
}

TEST_CASE("the base and a thin manifest give the whole manifest back") {
  for (const Manifest& whole :
       {kWhole, kBase, OfVersion("3", {}), OfVersion("4", {File("only")})}) {
    const Manifest back = Restore(Reread(Between(kBase, whole)), kBase, "t");
    CHECK(FormatManifest(back) == FormatManifest(whole));
  }
  const Manifest none = OfVersion("0", {});
  CHECK(FormatManifest(Restore(Reread(Between(none, kWhole)), none, "t")) ==
        FormatManifest(kWhole));
}

TEST_CASE("of entries with new times only the times are in it") {
  Manifest later = kBase;
  for (ManifestEntry& entry : later.entries) entry.modified = 99;
  later.entries[2].modified = 100;
  const ThinManifest thin = Between(kBase, later);
  CHECK(thin.changed.entries.empty());
  using Times = ThinManifest::Times;
  // No manifest has the time of the link, which is the sixth.
  CHECK(thin.times ==
        std::vector<Times>{
            {{0, 2}, 99}, {{2, 1}, 100}, {{3, 2}, 99}, {{6, 1}, 99}});
  const std::string text = FormatThinManifest(thin);
  CHECK(text.find("\ntime 0 2 99\ntime 2 1 100\n") != std::string::npos);
  CHECK(Reread(thin).times == thin.times);
  CHECK(FormatManifest(Restore(Reread(thin), kBase, "t")) ==
        FormatManifest(later));
  for (const char* line : {"time 0 2", "time 0 2 x", "time 0 3 99",
                           "time 0 18446744073709551615 99", "time x 2 99"}) {
    CAPTURE(line);
    std::string altered = text;
    altered.replace(altered.find("time 0 2 99"), 11, line);
    CHECK(ErrorOf([&] { ParseThinManifest(altered, "t"); }).code() ==
          ErrorCode::kManifestUnreadable);
  }
  ThinManifest beyond = thin;
  beyond.times = {{{6, std::string::npos - 6}, 9}, {{std::string::npos, 5}, 1}};
  CHECK(ErrorOf([&] { Restore(beyond, kBase, "t"); }).code() ==
        ErrorCode::kManifestMismatch);
}

TEST_CASE("the time of a link makes no difference: no manifest has it") {
  Manifest later = kBase;
  later.entries[5].modified = 99;
  CHECK(Between(kBase, later).changed.entries.empty());
}

TEST_CASE("another base, or another difference, leads to no manifest") {
  const ThinManifest thin = Between(kBase, kWhole);
  Manifest other = kBase;
  other.entries[0].mode = 0700;
  CHECK(ErrorOf([&] { Restore(thin, other, "t"); }).code() ==
        ErrorCode::kManifestMismatch);
  ThinManifest altered = thin;
  // Ranges out of order, empty or beyond the end do no harm either.
  for (const auto& dropped : {std::vector<ThinManifest::Range>{},
                              {{3, 1}},
                              {{4, 1}, {3, 1}},
                              {{3, 0}},
                              {{3, 2}, {6, std::string::npos}},
                              {{std::string::npos, 2}}}) {
    altered.dropped = dropped;
    CHECK(ErrorOf([&] { Restore(altered, kBase, "t"); }).code() ==
          ErrorCode::kManifestMismatch);
  }
}

TEST_CASE("a text that is no thin manifest is refused wherever it is cut") {
  const std::string text = FormatThinManifest(Between(kBase, kWhole));
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(ErrorOf([&] {
            ParseThinManifest(text.substr(0, size), "t");
          }).code() == ErrorCode::kManifestUnreadable);
  }
  for (const char* line : {"drop 3", "drop x 2", "drop 3 -1", "drop  3 2",
                           "drop 99999999999999999999 1", "drop 3 2 "}) {
    CAPTURE(line);
    std::string altered = text;
    altered.replace(altered.find("drop 3 2"), 8, line);
    CHECK(ErrorOf([&] { ParseThinManifest(altered, "t"); }).code() ==
          ErrorCode::kManifestUnreadable);
  }
  std::string newer = text;
  newer.replace(newer.find(" 1\n"), 3, " 2\n");
  CHECK(Says(ErrorOf([&] { ParseThinManifest(newer, "t"); }), "version 1"));
}

}  // namespace release
