#include "archive/tree_writer.h"

#include <doctest/doctest.h>

#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

namespace stdfs = std::filesystem;

TEST_CASE("tree writer: what is added is there after Finish, in any order") {
  TempDir dir;
  PosixFs fs(dir.path());
  TreeWriter writer(&fs, Fs::kRoot, std::nullopt);
  writer.AddDirectory("a", 0755);
  writer.AddDirectory("a/b", 0750);
  writer.AddFile("a/b/f", 0644, "one ");
  writer.AddDirectory("c", 0755);
  writer.AddFile("c/g", 0755, "");
  writer.AddSymlink("c/link", "../a/b/f");
  writer.AddHardLink("hard", "a/b/f");
  writer.Append("a/b/f", "two");
  writer.AddFile("a/h", 0600, "h");
  writer.SetDirectoryMode("a", 0700);
  CHECK_FALSE(stdfs::exists(stdfs::symlink_status(dir.path() + "/c/link")));
  writer.Finish();
  const stdfs::path top(dir.path());
  CHECK(Slurp(top / "a/b/f") == "one two");
  CHECK(Slurp(top / "hard") == "one two");
  CHECK(stdfs::hard_link_count(top / "hard") == 2);
  CHECK(stdfs::read_symlink(top / "c/link") == "../a/b/f");
  CHECK(fs.Stat(Fs::kRoot, "c/g")->mode == 0755);
  CHECK(fs.Stat(Fs::kRoot, "a/h")->mode == 0600);
  CHECK(fs.Stat(Fs::kRoot, "a")->mode == 0700);
  CHECK(fs.Stat(Fs::kRoot, "a/b")->mode == 0750);
}

TEST_CASE("tree writer: a link planted in the way is not followed") {
  TempDir dir;
  TempDir elsewhere;
  PosixFs fs(dir.path());
  stdfs::create_directory_symlink(elsewhere.path(), dir.path() + "/a");
  TreeWriter writer(&fs, Fs::kRoot, std::nullopt);
  CHECK_THROWS_AS(writer.AddFile("a/f", 0644, "x"), FsError);
  CHECK(stdfs::is_empty(elsewhere.path()));
}

}  // namespace
}  // namespace release
