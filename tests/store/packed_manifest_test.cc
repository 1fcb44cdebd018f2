#include "store/packed_manifest.h"

#include <doctest/doctest.h>

#include "deploy/operations.h"
#include "store/durable.h"
#include "store/layout.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

const Version kOne = *Version::Parse("1");

struct Root {
  Root() { InitializeLayout(&disk); }
  MemFs disk;
};

}  // namespace

TEST_CASE("a packed manifest is stored compressed and read back unchanged") {
  Root root;
  CHECK(!ReadPackedManifest(&root.disk, kOne));
  const std::string text(100'000, 'm');
  WritePackedManifest(&root.disk, kOne, text);
  CHECK(ReadPackedManifest(&root.disk, kOne) == text);
  CHECK(ReadFile(&root.disk, PackedManifestPath(kOne)).size() < 1000);
  CHECK_THROWS_AS(WritePackedManifest(&root.disk, kOne, "other"), FsError);
  StorePackedManifest(&root.disk, kOne, "other");
  CHECK(ReadPackedManifest(&root.disk, kOne) == "other");
}

TEST_CASE("a damaged packed manifest is none, wherever it is damaged") {
  Root root;
  WritePackedManifest(&root.disk, kOne, "release-manifest 2\nend 0 0\n");
  const std::string path = PackedManifestPath(kOne);
  const std::string whole = ReadFile(&root.disk, path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    PutFile(&root.disk, path, whole.substr(0, size));
    CHECK(!ReadPackedManifest(&root.disk, kOne));
  }
}

}  // namespace release
