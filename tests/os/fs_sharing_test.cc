// Continues the contract suite of src/os/fs.h: shared names and content, and
// calls on open files.
#include <doctest/doctest.h>
#include <sys/xattr.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "support/every_fs.h"

namespace release {
namespace {

ScopedHandle OpenTo(Fs* fs, const std::string& path, OpenMode mode) {
  return {fs, fs->Open(Fs::kRoot, path, mode)};
}

void PutMore(Fs* fs, const std::string& path, std::string_view content) {
  const ScopedHandle file = OpenTo(fs, path, OpenMode::kAppend);
  fs->Write(file.get(), content);
}

TEST_CASE_TEMPLATE("what is open is examined as what has its name", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  Put(&fs, "f", "hello", 0640);
  fs.MakeDirectory(Fs::kRoot, "d", 0750);
  const ScopedHandle file = OpenTo(&fs, "f", OpenMode::kRead);
  const ScopedHandle directory(&fs, fs.OpenDirectory(Fs::kRoot, "d"));
  const FileInfo info = fs.StatHandle(file.get());
  CHECK(info.type == FileType::kFile);
  CHECK(info.mode == 0640);
  CHECK(info.size == 5);
  CHECK(info.inode == fs.Stat(Fs::kRoot, "f")->inode);
  CHECK(info.owner == fs.Stat(Fs::kRoot, "f")->owner);
  CHECK(fs.StatHandle(directory.get()).mode == 0750);
  CHECK(fs.StatHandle(Fs::kRoot).inode == fs.Stat(Fs::kRoot, "")->inode);
  CHECK_FALSE(fs.HasAttributes(file.get()));
  fs.RemoveFile(Fs::kRoot, "f");
  CHECK(fs.StatHandle(file.get()).links == 0);
}

TEST_CASE_TEMPLATE("what is open gets a further name, whoever has its own now",
                   T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  Put(&fs, "f", "first");
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  const ScopedHandle file = OpenTo(&fs, "f", OpenMode::kRead);
  const ScopedHandle d(&fs, fs.OpenDirectory(Fs::kRoot, "d"));
  fs.Rename(Fs::kRoot, "f", Fs::kRoot, "g", RenameMode::kReplace);
  Put(&fs, "f", "second");
  fs.LinkOpened(file.get(), d.get(), "n");
  CHECK(Get(&fs, "d/n") == "first");
  CHECK(fs.Stat(Fs::kRoot, "d/n")->inode == fs.Stat(Fs::kRoot, "g")->inode);
  CHECK(fs.Stat(Fs::kRoot, "g")->links == 2);
  CHECK(ErrorOf([&] { fs.LinkOpened(file.get(), d.get(), "n"); }) == EEXIST);
  CHECK(ErrorOf([&] { fs.LinkOpened(d.get(), Fs::kRoot, "x"); }) == EPERM);
  fs.RemoveFile(Fs::kRoot, "g");
  fs.RemoveFile(Fs::kRoot, "d/n");
  CHECK(ErrorOf([&] { fs.LinkOpened(file.get(), d.get(), "n"); }) == ENOENT);
}

TEST_CASE_TEMPLATE("a directory tells of each change of its entries", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  std::int64_t last = fs.Stat(Fs::kRoot, "d")->changed;
  CHECK(last > 0);
  const auto changed_by = [&](auto&& call) {
    // The clock of a real file system advances only every few milliseconds.
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    call();
    const std::int64_t before =
        std::exchange(last, fs.Stat(Fs::kRoot, "d")->changed);
    return last > before;
  };
  CHECK(changed_by([&] { Put(&fs, "d/f", "x"); }));
  CHECK_FALSE(changed_by([&] { PutMore(&fs, "d/f", "y"); }));
  CHECK(changed_by([&] {
    fs.Rename(Fs::kRoot, "d/f", Fs::kRoot, "d/g", RenameMode::kReplace);
  }));
  CHECK(changed_by([&] { fs.MakeSymlink("x", Fs::kRoot, "d/l"); }));
  CHECK(changed_by([&] { fs.RemoveFile(Fs::kRoot, "d/g"); }));
  CHECK(changed_by([&] { fs.SetMode(Fs::kRoot, "d", 0700); }));
  CHECK_FALSE(changed_by([&] { fs.List(Fs::kRoot, "d"); }));
}

TEST_CASE_TEMPLATE("a write at a place leaves where writing goes on", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const ScopedHandle file = OpenTo(&fs, "f", OpenMode::kCreateNew);
  fs.Write(file.get(), "abc");
  fs.WriteAt(file.get(), "X", 1);
  fs.WriteAt(file.get(), "", 100);
  fs.Write(file.get(), "d");
  CHECK(Get(&fs, "f") == "aXcd");
  fs.WriteAt(file.get(), "z", 6);
  CHECK(Get(&fs, "f") == std::string("aXcd\0\0z", 7));
  const ScopedHandle reading = OpenTo(&fs, "f", OpenMode::kRead);
  CHECK(ErrorOf([&] { fs.WriteAt(reading.get(), "y", 0); }) == EBADF);
}

TEST_CASE_TEMPLATE("a clone has the content and is a file of its own, or fails",
                   T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const std::string content(300'000, 'c');
  Put(&fs, "f", content);
  const ScopedHandle from = OpenTo(&fs, "f", OpenMode::kRead);
  const ScopedHandle to = OpenTo(&fs, "g", OpenMode::kCreateNew);
  const int error = ErrorOf([&] { fs.CloneContent(from.get(), to.get()); });
  CHECK((error == 0 || error == EOPNOTSUPP));
  CHECK(Get(&fs, "g") == (error == 0 ? content : ""));
  fs.WriteAt(to.get(), "changed", 0);
  CHECK(Get(&fs, "f") == content);
  const ScopedHandle reading = OpenTo(&fs, "g", OpenMode::kRead);
  const int refused =
      ErrorOf([&] { fs.CloneContent(from.get(), reading.get()); });
  CHECK((refused == EBADF || refused == EOPNOTSUPP));
}

TEST_CASE("MemFs clones files only if configured to") {
  MemFs fs;
  Put(&fs, "f", "x");
  const ScopedHandle from = OpenTo(&fs, "f", OpenMode::kRead);
  const ScopedHandle to = OpenTo(&fs, "g", OpenMode::kCreateNew);
  fs.SetClones(false);
  CHECK(ErrorOf([&] { fs.CloneContent(from.get(), to.get()); }) == EOPNOTSUPP);
  fs.SetClones(true);
  CHECK(ErrorOf([&] { fs.CloneContent(from.get(), to.get()); }) == 0);
  CHECK(Get(&fs, "g") == "x");
}

TEST_CASE("extended attributes of a real file are detected") {
  const std::string long_name(200, 'n');
  for (const std::string& name :
       {std::string("user.note"), "user." + long_name}) {
    TempDir dir;
    PosixFs fs(dir.path());
    Put(&fs, "f", "x");
    const std::string path = dir.path() + "/f";
    REQUIRE(setxattr(path.c_str(), name.c_str(), "v", 1, 0) == 0);
    REQUIRE(setxattr(path.c_str(), "user.other", "v", 1, 0) == 0);
    const ScopedHandle file = OpenTo(&fs, "f", OpenMode::kRead);
    CHECK(fs.HasAttributes(file.get()));
  }
}

}  // namespace
}  // namespace release
