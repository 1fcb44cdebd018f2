#include "archive/content_index.h"

#include <doctest/doctest.h>

#include "support/manifest_entries.h"

namespace release {
namespace {

ManifestEntry WithDigest(const std::string& path, unsigned char digest,
                         std::uint64_t size = 5) {
  ManifestEntry entry = File(path, size);
  entry.sha256.fill(digest);
  return entry;
}

}  // namespace

TEST_CASE("a file is found by its content, whatever its name") {
  const Manifest manifest =
      Sorted({WithDigest("a", 1), WithDigest("b", 2), WithDigest("c", 2),
              Directory("d"), Link("l", "a")});
  const ContentIndex index(manifest);
  CHECK(index.Find(WithDigest("elsewhere", 2))->path == "b");
  CHECK(index.Find(WithDigest("a", 3)) == nullptr);
  CHECK(index.Find(WithDigest("a", 1, 6)) == nullptr);
  // A directory has no content that an entry of all zeros could be.
  CHECK(index.Find(WithDigest("d", 0)) == nullptr);
}

TEST_CASE("a thin archive leaves out what the base has, and empty files") {
  const Manifest manifest = Sorted({WithDigest("a", 1)});
  const ContentIndex index(manifest);
  CHECK(index.Covers(WithDigest("b", 1)));
  CHECK(index.Covers(WithDigest("empty", 9, 0)));
  CHECK(!index.Covers(WithDigest("a", 2)));
}

}  // namespace release
