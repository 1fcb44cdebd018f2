#include "archive/late_links.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "archive/tree_writer.h"
#include "store/durable.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"

namespace release {
namespace {

TEST_CASE("late links: a file with too many names is written again") {
  MemFs disk;
  FaultFs fs(&disk);
  TreeWriter writer(&fs, Fs::kRoot, {});
  const std::string content(200'000, 'x');
  writer.AddFile("f", {0640, 1'700'000'000}, content);
  writer.AddDirectory("d", {0755});
  for (const char* name : {"a", "d/b", "c"}) writer.AddHardLink(name, "f");
  fs.FailAt(2, EMLINK, FsCall::kMakeHardLink);
  writer.Finish();
  REQUIRE(fs.failed());
  const auto inode = [&](const char* path) {
    return disk.Stat(Fs::kRoot, path)->inode;
  };
  CHECK(inode("a") == inode("f"));
  CHECK(inode("d/b") != inode("f"));
  CHECK(inode("c") == inode("d/b"));
  CHECK(ReadFile(&disk, "c") == content);
  CHECK(disk.Stat(Fs::kRoot, "d/b")->mode == 0640);
  CHECK(disk.Stat(Fs::kRoot, "d/b")->modified_exactly == 1'700'000'000);
}

TEST_CASE(
    "late links: hard links come before symbolic ones, which get the owner") {
  MemFs fs;
  ScopedHandle(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kCreateNew));
  OpenDirectories directories(&fs, Fs::kRoot);
  LateLinks links(&fs, &directories, OwnerIds{7, 8});
  links.AddSymlink("link", "f");
  links.AddHardLink("hard", "f");
  CHECK_FALSE(fs.Stat(Fs::kRoot, "hard"));
  links.Make();
  CHECK(fs.Stat(Fs::kRoot, "hard")->inode == fs.Stat(Fs::kRoot, "f")->inode);
  CHECK(fs.ReadLink(Fs::kRoot, "link") == "f");
  CHECK(fs.Stat(Fs::kRoot, "link")->owner == 7);
  CHECK(fs.Stat(Fs::kRoot, "hard")->owner != 7);
}

}  // namespace
}  // namespace release
