#include "deploy/offered_manifest.h"

#include <doctest/doctest.h>

#include "support/manifest_entries.h"

namespace release {
namespace {

constexpr unsigned kUmask = 0022;

}  // namespace

TEST_CASE("a manifest is as unpacked: without the umask and what is shared") {
  const Manifest unpacked = AsUnpacked(
      Sorted({File("a", 5, 0666), File("run", 5, 0777), File("shared/x"),
              Directory("shared"), Link("l", "a")}),
      {"shared"}, kUmask);
  REQUIRE(unpacked.entries.size() == 3);
  CHECK(unpacked.entries[0].mode == 0644);
  CHECK(unpacked.entries[1].path == "l");
  CHECK(unpacked.entries[2].mode == 0755);
}

TEST_CASE("what was unpacked is compared with what was offered") {
  const Manifest offered =
      Sorted({File("a", 5, 0666), File("shared/x"), Link("l", "a")});
  const Manifest unpacked = Sorted({File("a", 5, 0644), Link("l", "a")});
  const auto count = [&](const Manifest& found) {
    return CompareUnpacked(offered, found, {"shared"}, kUmask).size();
  };
  CHECK(count(unpacked) == 0);
  CHECK(count(Sorted({File("a", 5, 0666), Link("l", "a")})) == 1);
  CHECK(count(Sorted({File("a", 6, 0644), Link("l", "a")})) == 1);
  CHECK(count(Sorted({File("a", 5, 0644), Link("l", "b")})) == 1);
  CHECK(count(Sorted({File("a", 5, 0644)})) == 1);
  CHECK(count(Sorted({File("a", 5, 0644), Link("l", "a"), File("m")})) == 1);
}

TEST_CASE("modes that only an earlier rule made differ are forgiven") {
  const Manifest offered =
      Sorted({File("a", 5, 0644), File("b", 5, 0444), File("c", 5, 0644)});
  CHECK(CompareOffered(
            Sorted({File("a", 5, 0666), File("b", 5, 0644), File("c")}),
            offered, kUmask)
            .empty());
  const auto differences = CompareOffered(
      Sorted({File("a", 5, 0755), File("b", 5, 0444), File("c", 6)}), offered,
      kUmask);
  REQUIRE(differences.size() == 2);
  CHECK(differences[0].what == ManifestDifference::What::kMode);
  CHECK(differences[1].what == ManifestDifference::What::kChanged);
}

}  // namespace release
