#include "store/republish.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "store/durable.h"
#include "store/layout.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"

namespace release {
namespace {

constexpr std::int64_t kLongAgo = 1'234'567'890;

// Release 1 has bin/app, a link to it, and a file beside its manifest.
struct Published {
  Published() {
    for (const char* path : {kReleases, "releases/1", "releases/1/bin", "to"}) {
      fs.MakeDirectory(Fs::kRoot, path, 0755);
    }
    for (const char* path : {"releases/1/bin/app", "releases/1/log"}) {
      const ScopedHandle file(
          &fs, fs.Open(Fs::kRoot, path, OpenMode::kCreateNew, 0750));
      fs.Write(file.get(), "content");
    }
    fs.MakeSymlink("bin/app", Fs::kRoot, "releases/1/run");
    fs.SetModified(Fs::kRoot, "releases/1/bin/app", kLongAgo + 1);
    fs.SetModified(Fs::kRoot, "releases/1/bin", kLongAgo);
    manifest.entries = {
        {.kind = EntryKind::kDirectory, .path = "bin", .mode = 0755},
        {.kind = EntryKind::kFile, .path = "bin/app", .mode = 0750},
        {.kind = EntryKind::kSymlink, .path = "run", .target = "bin/app"}};
  }

  std::uint64_t Republish(Fs* through) {
    const ScopedHandle to(through, through->OpenDirectory(Fs::kRoot, "to"));
    return RepublishTree(through, Version::ParseOrThrow("1"), manifest,
                         to.get());
  }
  std::uint64_t Inode(const std::string& path) {
    return fs.Stat(Fs::kRoot, path)->inode;
  }

  MemFs fs;
  Manifest manifest;
};

}  // namespace

TEST_CASE("a tree is made again by names of the same files") {
  Published tree;
  CHECK(tree.Republish(&tree.fs) == 0);
  CHECK(tree.Inode("to/bin/app") == tree.Inode("releases/1/bin/app"));
  CHECK(tree.Inode("to/bin") != tree.Inode("releases/1/bin"));
  CHECK(tree.fs.ReadLink(Fs::kRoot, "to/run") == "bin/app");
  CHECK(tree.fs.Stat(Fs::kRoot, "to/bin")->modified_exactly == kLongAgo);
  CHECK_FALSE(tree.fs.Stat(Fs::kRoot, "to/log"));
}

TEST_CASE("what cannot have a further name is copied") {
  Published tree;
  for (const bool clones : {true, false}) {
    CAPTURE(clones);
    tree.fs.SetClones(clones);
    FaultFs fs(&tree.fs);
    fs.FailFrom(1, EMLINK, FsCall::kMakeHardLink);
    CHECK(tree.Republish(&fs) == 2);
    CHECK(tree.Inode("to/bin/app") != tree.Inode("releases/1/bin/app"));
    CHECK(ReadFile(&tree.fs, "to/bin/app") == "content");
    const FileInfo made = *tree.fs.Stat(Fs::kRoot, "to/bin/app");
    CHECK(made.mode == 0750);
    CHECK(made.modified_exactly == kLongAgo + 1);
    CHECK(tree.fs.ReadLink(Fs::kRoot, "to/run") == "bin/app");
    RemoveTree(&tree.fs, Fs::kRoot, "to");
    tree.fs.MakeDirectory(Fs::kRoot, "to", 0755);
  }
}

TEST_CASE("an entry that is gone or of another kind is refused") {
  Published tree;
  tree.fs.RemoveFile(Fs::kRoot, "releases/1/run");
  const auto republish = [&] { tree.Republish(&tree.fs); };
  CHECK(ErrorOf(republish).code() == ErrorCode::kReleaseAltered);
  tree.fs.MakeDirectory(Fs::kRoot, "releases/1/run", 0755);
  RemoveTree(&tree.fs, Fs::kRoot, "to");
  tree.fs.MakeDirectory(Fs::kRoot, "to", 0755);
  CHECK(ErrorOf(republish).code() == ErrorCode::kReleaseAltered);
}

}  // namespace release
