#include "archive/tree_writer.h"

#include <doctest/doctest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "os/posix_fs.h"
#include "store/durable.h"
#include "support/archives.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/temp_dir.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

void AddOneOfEach(TreeWriter* writer) {
  writer->AddDirectory("a", {0755});
  writer->AddDirectory("a/b", {0750});
  writer->AddFile("a/b/f", {0644}, "one ");
  writer->AddDirectory("c", {0755});
  writer->AddFile("c/g", {0755}, "");
  writer->AddSymlink("c/link", "../a/b/f");
  writer->AddHardLink("hard", "a/b/f");
  writer->Append("a/b/f", "two");
  writer->AddFile("a/h", {0600}, "h");
  writer->SetDirectory("a", {0700});
}

TEST_CASE("tree writer: what is added is there after Finish, in any order") {
  for (const unsigned threads : {0U, 1U, 3U}) {
    CAPTURE(threads);
    TempDir dir;
    PosixFs fs(dir.path());
    TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = threads});
    AddOneOfEach(&writer);
    const bfs::path top(dir.path());
    CHECK_FALSE(bfs::exists(bfs::symlink_status(top / "c/link")));
    writer.Finish();
    CHECK(Slurp(top / "a/b/f") == "one two");
    CHECK(Slurp(top / "hard") == "one two");
    CHECK(bfs::hard_link_count(top / "hard") == 2);
    CHECK(bfs::read_symlink(top / "c/link") == "../a/b/f");
    CHECK(fs.Stat(Fs::kRoot, "c/g")->mode == 0755);
    CHECK(fs.Stat(Fs::kRoot, "a/h")->mode == 0600);
    CHECK(fs.Stat(Fs::kRoot, "a")->mode == 0700);
    CHECK(fs.Stat(Fs::kRoot, "a/b")->mode == 0750);
  }
}

// As for a user who is not root, whose own file refuses to be opened again.
TEST_CASE("tree writer: a file that its owner may not write is filled late") {
  MemFs disk;
  FaultFs fs(&disk);
  TreeWriter writer(&fs, Fs::kRoot, {});
  writer.AddFile("f", {0444, 1'700'000'000}, "");
  writer.AddFile("g", {0444}, "other");
  fs.FailAt(fs.calls(FsCall::kOpen) + 3, EACCES, FsCall::kOpen);
  writer.Append("f", "late");
  writer.Finish();
  CHECK(fs.failed());
  CHECK(ReadFile(&disk, "f") == "late");
  CHECK(disk.Stat(Fs::kRoot, "f")->mode == 0444);
  CHECK(disk.Stat(Fs::kRoot, "f")->modified_exactly == 1'700'000'000);
}

TEST_CASE("tree writer: below a set-group-id directory modes are as asked") {
  for (const unsigned threads : {0U, 2U}) {
    TempDir dir;
    Shell("chmod 2700 " + dir.path());
    if (geteuid() == 0)
      Shell("chown 0:1 " + dir.path() + " && chmod 2700 " + dir.path());
    PosixFs fs(dir.path());
    const std::uint32_t group = fs.Stat(Fs::kRoot, "")->group;
    TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = threads});
    writer.AddDirectory("a", {0755, 1'700'000'000});
    writer.AddDirectory("a/b", {0750});
    writer.AddFile("a/b/f", {0644}, "x");
    writer.SetDirectory("a", {0711, 1'800'000'000});
    writer.Finish();
    CHECK(fs.Stat(Fs::kRoot, "a")->mode == 0711);
    CHECK(fs.Stat(Fs::kRoot, "a")->modified_exactly == 1'800'000'000);
    CHECK(fs.Stat(Fs::kRoot, "a/b")->mode == 0750);
    CHECK(fs.Stat(Fs::kRoot, "a/b/f")->mode == 0644);
    for (const char* path : {"a", "a/b", "a/b/f"}) {
      CHECK(fs.Stat(Fs::kRoot, path)->group == group);
    }
  }
}

// The default access list of a directory: the owner rwx, the group r-x, others
// nothing, in the kernel's form.
TEST_CASE("tree writer: a default access list takes no mode away") {
  TempDir dir;
  const std::string list(
      "\x02\0\0\0"
      "\x01\0\x07\0\xFF\xFF\xFF\xFF"
      "\x04\0\x05\0\xFF\xFF\xFF\xFF"
      "\x20\0\0\0\xFF\xFF\xFF\xFF",
      28);
  const int set = setxattr(dir.path().c_str(), "system.posix_acl_default",
                           list.data(), list.size(), 0);
  if (set != 0) {
    CHECK(errno == EOPNOTSUPP);
    return;
  }
  PosixFs fs(dir.path());
  TreeWriter writer(&fs, Fs::kRoot, {});
  writer.AddDirectory("d", {0755});
  writer.AddFile("d/f", {0644}, "x");
  writer.AddFile("run", {0755}, "x");
  writer.Finish();
  CHECK(fs.Stat(Fs::kRoot, "d")->mode == 0755);
  CHECK(fs.Stat(Fs::kRoot, "d/f")->mode == 0644);
  CHECK(fs.Stat(Fs::kRoot, "run")->mode == 0755);
}

// Files of 0 bytes to some batches, in more directories than stay open.
TEST_CASE("tree writer: with threads as without, byte for byte") {
  const std::string noise = Noise(3 << 20, 7);
  const auto size = [&](unsigned i) -> std::size_t {
    return i % 50 == 0 ? noise.size() - i : (i * 977) % 9'000;
  };
  for (const unsigned threads : {0U, 1U, 3U}) {
    CAPTURE(threads);
    MemFs fs;
    TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = threads});
    for (unsigned i = 0; i < 300; ++i) {
      const std::string folder = std::to_string(i);
      const std::string_view content(noise.data() + i, size(i));
      writer.AddDirectory(folder, {0755});
      writer.AddFile(folder + "/f", {0644}, content.substr(0, 400'000));
      for (std::size_t at = 400'000; at < content.size(); at += 70'001) {
        writer.Append(folder + "/f", content.substr(at, 70'001));
      }
    }
    writer.Finish();
    CHECK(fs.open_handles() == 0);
    for (unsigned i = 0; i < 300; ++i) {
      const auto path = std::to_string(i) + "/f";
      CHECK((ReadFile(&fs, path) == noise.substr(i, size(i))));
    }
  }
}

TEST_CASE("tree writer: each call that fails is reported, and nothing hangs") {
  const std::string noise = Noise(600'000, 8);
  for (const unsigned threads : {0U, 2U}) {
    std::uint64_t n = 1;
    for (bool failed = true; failed; ++n) {
      MemFs disk;
      FaultFs fs(&disk);
      fs.FailAt(n, ENOSPC);
      bool thrown = false;
      try {
        TreeWriter writer(&fs, Fs::kRoot, {OwnerIds{1, 1}, threads});
        AddOneOfEach(&writer);
        writer.AddFile("c/long", {0644}, noise);
        for (int i = 0; i < 15; ++i) writer.Append("c/long", noise);
        writer.Finish();
      } catch (const FsError& error) {
        thrown = error.error_number() == ENOSPC;
      }
      failed = fs.failed();
      CHECK(thrown == failed);
      CHECK(disk.open_handles() == 0);
    }
    CHECK(n > 50);
  }
}

TEST_CASE("tree writer: destroyed without Finish it stops, with handles shut") {
  MemFs fs;
  {
    TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = 2});
    const std::string content(200'000, 'x');
    for (int i = 0; i < 100; ++i) {
      writer.AddFile(std::to_string(i), {0644}, content);
    }
  }
  CHECK(fs.open_handles() == 0);
}

TEST_CASE("tree writer: a link planted in the way is not followed") {
  TempDir dir;
  TempDir elsewhere;
  PosixFs fs(dir.path());
  bfs::create_directory_symlink(elsewhere.path(), dir.path() + "/a");
  TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = 2});
  CHECK_THROWS_AS(
      [&] {
        writer.AddFile("a/f", {0644}, "x");
        writer.Finish();
      }(),
      FsError);
  CHECK(bfs::is_empty(elsewhere.path()));
}

}  // namespace
}  // namespace release
