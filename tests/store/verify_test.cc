#include "store/verify.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>

#include "base/manifest_text.h"
#include "os/cancellation.h"
#include "os/posix_fs.h"
#include "store/layout.h"
#include "store/releases.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/temp_dir.h"
#include "support/world.h"
#include "trust/digest.h"

namespace release {
namespace {

using What = ManifestDifference::What;

const Version kOne = Version::ParseOrThrow("1");

// A world in which release 1 is live: bin/, bin/app (0755), run -> bin/app.
struct Deployed : World {
  Deployed() { REQUIRE(Deploy("1").exit == Exit::kDone); }

  // Verifies release 1 and returns the only difference.
  ManifestDifference Only() {
    const auto found = VerifyRelease(&disk, kOne);
    REQUIRE(found.size() == 1);
    return found[0];
  }
};

TEST_CASE("a release as it was shipped has no differences") {
  Deployed world;
  CHECK(VerifyRelease(&world.disk, kOne).empty());
  CHECK(CompareShape(&world.disk, kOne).empty());
  CHECK(world.disk.open_handles() == 0);
}

TEST_CASE("several threads find the same as one, in a directory of any size") {
  MemFs disk;
  Manifest manifest;
  const ContentHash hash = HashContent(std::string_view("x"));
  for (const char* path : {"releases", ".release", ".release/manifests",
                           "releases/1", "releases/1/d"}) {
    disk.MakeDirectory(Fs::kRoot, path, 0755);
  }
  manifest.entries.push_back(
      {.kind = EntryKind::kDirectory, .path = "d", .mode = 0755});
  for (int i = 1'000; i < 2'000; ++i) {
    const std::string path = "d/" + std::to_string(i);
    PutFile(&disk, "releases/1/" + path, i % 100 == 0 ? "y" : "x", 0644);
    manifest.entries.push_back(
        {.path = path, .mode = 0644, .size = 1, .hash = hash});
  }
  PutFile(&disk, ManifestPath(kOne), FormatManifest(manifest));
  for (const unsigned threads : {0U, 1U, 16U}) {
    CAPTURE(threads);
    const auto found = VerifyRelease(&disk, kOne, threads);
    REQUIRE(found.size() == 10);
    CHECK(found.back().path == "d/1900");
    CHECK(CompareShape(&disk, kOne, threads).empty());
    FaultFs fs(&disk);
    fs.FailAt(300, EIO, FsCall::kReadAt);
    CHECK_THROWS_AS(VerifyRelease(&fs, kOne, threads), FsError);
    CHECK(disk.open_handles() == 0);
  }
}

TEST_CASE("a changed byte is found by hashing, not by the shape") {
  Deployed world;
  PutFile(&world.disk, "releases/1/bin/app", "version X\n", 0755);
  const ManifestDifference difference = world.Only();
  CHECK(difference.what == What::kChanged);
  CHECK(difference.path == "bin/app");
  CHECK(CompareShape(&world.disk, kOne).empty());
}

TEST_CASE("a file of another size, or that is new, is not read") {
  Deployed world;
  FaultFs fs(&world.disk);
  LoadManifest(&fs, kOne);
  const std::uint64_t first_file = fs.calls(FsCall::kReadAt) + 1;
  fs.FailFrom(first_file, EIO, FsCall::kReadAt);
  CHECK_THROWS_AS(VerifyRelease(&fs, kOne), FsError);
  // `truncate -s 4T` makes such a file in no time.
  PutFile(&world.disk, "releases/1/bin/app", "longer than before", 0755);
  PutFile(&world.disk, "releases/1/new", "x", 0755);
  fs.FailFrom(first_file, EIO, FsCall::kReadAt);
  const auto found = VerifyRelease(&fs, kOne);
  REQUIRE(found.size() == 2);
  CHECK(found[0].path == "bin/app");
  CHECK(found[0].before == "10 bytes");
  CHECK(found[0].after == "18 bytes");
  CHECK(found[1].what == What::kAdded);
}

TEST_CASE("every other change is found by the shape too") {
  struct Row {
    What what;
    std::string path;
    void (*change)(MemFs* disk);
  };
  const Row rows[] = {
      {What::kChanged, "bin/app",
       [](MemFs* disk) { AppendToFile(disk, "releases/1/bin/app", "x"); }},
      {What::kRemoved, "bin/app",
       [](MemFs* disk) { disk->RemoveFile(Fs::kRoot, "releases/1/bin/app"); }},
      {What::kAdded, "bin/.extra",
       [](MemFs* disk) { PutFile(disk, "releases/1/bin/.extra", ""); }},
      {What::kAdded, "empty",
       [](MemFs* disk) {
         disk->MakeDirectory(Fs::kRoot, "releases/1/empty", 0755);
       }},
      {What::kMode, "bin/app",
       [](MemFs* disk) {
         disk->SetMode(Fs::kRoot, "releases/1/bin/app", 0777);
       }},
      {What::kMode, "bin",
       [](MemFs* disk) { disk->SetMode(Fs::kRoot, "releases/1/bin", 0700); }},
      {What::kTarget, "run",
       [](MemFs* disk) { PutLink(disk, "releases/1/run", "bin/other"); }},
      {What::kKind, "run",
       [](MemFs* disk) { PutFile(disk, "releases/1/run", "bin/app"); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CAPTURE(DifferenceName(row.what));
    Deployed world;
    row.change(&world.disk);
    const ManifestDifference difference = world.Only();
    CHECK(DifferenceName(difference.what) == DifferenceName(row.what));
    CHECK(difference.path == row.path);
    CHECK(CompareShape(&world.disk, kOne).size() == 1);
  }
}

TEST_CASE("a directory that became a link is not followed") {
  Deployed world;
  world.disk.Rename(Fs::kRoot, "releases/1/bin", Fs::kRoot, "shared/bin",
                    RenameMode::kNoReplace);
  PutLink(&world.disk, "releases/1/bin", "../../shared/bin");
  const auto found = VerifyRelease(&world.disk, kOne);
  REQUIRE(found.size() == 2);
  CHECK(found[0].path == "bin");
  CHECK(found[0].what == What::kKind);
  CHECK(found[1].path == "bin/app");
  CHECK(found[1].what == What::kRemoved);
}

TEST_CASE("the content of shared directories may change") {
  World world;
  world.config.shared_dirs = {"storage"};
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  PutFile(&world.disk, "shared/storage/upload", "new");
  CHECK(VerifyRelease(&world.disk, kOne).empty());
}

TEST_CASE("a release without a manifest cannot be verified") {
  Deployed world;
  world.disk.MakeDirectory(Fs::kRoot, "releases/hand", 0755);
  const Error error = ErrorOf(
      [&] { VerifyRelease(&world.disk, Version::ParseOrThrow("hand")); });
  CHECK(error.code() == ErrorCode::kManifestUnreadable);
  CHECK(Says(error, "hand"));
}

TEST_CASE("a release that is gone cannot be verified") {
  Deployed world;
  world.disk.Rename(Fs::kRoot, "releases/1", Fs::kRoot, "aside",
                    RenameMode::kNoReplace);
  CHECK_THROWS_AS(VerifyRelease(&world.disk, kOne), FsError);
}

TEST_CASE("a tree is hashed, and compared with its manifest") {
  Deployed world;
  const HashedTree tree = HashTree(&world.disk, "releases/1");
  CHECK(Compare(LoadManifest(&world.disk, kOne), tree.manifest).empty());
  CHECK(tree.left_out.empty());
  CHECK(CompareShape(&world.disk, "releases/1", tree.manifest).empty());
  PutFile(&world.disk, "releases/1/bin/app", "longer than before", 0755);
  CHECK(CompareShape(&world.disk, "releases/1", tree.manifest).size() == 1);
}

TEST_CASE("a stop request ends the hashing and the comparison") {
  Deployed world;
  SetInterruptSignal(SIGTERM);
  for (const unsigned threads : {0U, 3U}) {
    CHECK(ErrorOf([&] {
            HashTree(&world.disk, "releases/1", threads);
          }).code() == ErrorCode::kInterrupted);
    CHECK(ErrorOf([&] { VerifyRelease(&world.disk, kOne, threads); }).code() ==
          ErrorCode::kInterrupted);
  }
  SetInterruptSignal(0);
}

}  // namespace
TEST_CASE("a fifo is left out of a new manifest, and named") {
  const TempDir dir;
  PosixFs fs(dir.path());
  fs.MakeDirectory(Fs::kRoot, "tree", 0755);
  PutFile(&fs, "tree/file", "x");
  REQUIRE(mkfifo((dir.path() + "/tree/fifo").c_str(), 0644) == 0);
  const HashedTree tree = HashTree(&fs, "tree", 0);
  CHECK(tree.left_out == std::vector<std::string>{"fifo"});
  REQUIRE(tree.manifest.entries.size() == 1);
  CHECK(tree.manifest.entries[0].path == "file");
}

}  // namespace release
