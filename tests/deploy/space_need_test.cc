#include "deploy/space_need.h"

#include <doctest/doctest.h>

#include "base/manifest_text.h"
#include "deploy/operations.h"
#include "store/layout.h"
#include "support/manifest_entries.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

const Version kOne = *Version::Parse("1");

}  // namespace

TEST_CASE("a release fits by its bytes and by its files") {
  const SpaceNeed need{.bytes = 10, .files = 3};
  CHECK(need.FitsInto({10, 3, 100}));
  CHECK(!need.FitsInto({9, 3, 100}));
  CHECK(!need.FitsInto({10, 2, 100}));
  // A file system without a table of inodes.
  CHECK(need.FitsInto({10, 0, 0}));
}

TEST_CASE("files that the earlier release has need no space") {
  MemFs disk;
  InitializeLayout(&disk);
  const Manifest before =
      Sorted({File("same", 7), File("mode", 5), File("other", 3)});
  PutFile(&disk, ManifestPath(kOne), FormatManifest(before));
  Manifest after = Sorted({File("same", 7), File("mode", 5, 0755),
                           File("other", 4), File("new", 2)});
  // Version 2 knows more of a file; that makes no difference.
  after.format = 2;
  for (ManifestEntry& entry : after.entries) {
    entry.modified = 5;
    entry.sha256.fill(1);
  }
  SpaceNeed need{after.TotalBytes(), after.entries.size()};
  need.LeaveOutShared(&disk, after, kOne);
  CHECK(need.bytes == 5 + 4 + 2);
  CHECK(need.files == 3);
  SpaceNeed alone{7, 1};
  alone.LeaveOutShared(&disk, after, std::nullopt);
  CHECK(alone.bytes == 7);
}

}  // namespace release
