// Tests the contract of src/os/fs.h on every implementation of Fs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "os/fs.h"
#include "support/every_fs.h"

namespace release {
namespace {

std::string Names(Fs* fs, Fs::Handle dir, const std::string& path) {
  std::vector<DirEntry> entries = fs->List(dir, path);
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string names;
  for (const DirEntry& entry : entries) {
    names += "fdlo"[static_cast<int>(entry.type)];
    names += ":" + entry.name + " ";
  }
  return names;
}

// Returns the errnos of all calls that take a path, with 0 for a call that
// succeeds. The file d/f must exist.
std::set<int> Answers(Fs* fs, const std::string& path) {
  const auto root = Fs::kRoot;
  const auto replace = RenameMode::kReplace;
  const ScopedHandle opened(fs, fs->Open(root, "d/f", OpenMode::kRead));
  return {
      ErrorOf([&] { fs->Open(root, path, OpenMode::kRead); }),
      ErrorOf([&] { fs->Open(root, path, OpenMode::kAppend); }),
      ErrorOf([&] { fs->Open(root, path, OpenMode::kCreateNew); }),
      ErrorOf([&] { fs->Open(root, path, OpenMode::kLockFile); }),
      ErrorOf([&] { fs->OpenDirectory(root, path); }),
      ErrorOf([&] { fs->Stat(root, path); }),
      ErrorOf([&] { fs->ReadLink(root, path); }),
      ErrorOf([&] { fs->List(root, path); }),
      ErrorOf([&] { fs->MakeDirectory(root, path, 0755); }),
      ErrorOf([&] { fs->MakeSymlink("t", root, path); }),
      ErrorOf([&] { fs->MakeHardLink(root, path, root, "n"); }),
      ErrorOf([&] { fs->MakeHardLink(root, "d/f", root, path); }),
      ErrorOf([&] { fs->LinkOpened(opened.get(), root, path); }),
      ErrorOf([&] { fs->Rename(root, path, root, "n", replace); }),
      ErrorOf([&] { fs->Rename(root, "d/f", root, path, replace); }),
      ErrorOf([&] { fs->RemoveFile(root, path); }),
      ErrorOf([&] { fs->RemoveDirectory(root, path); }),
      ErrorOf([&] { fs->SetMode(root, path, 0777); }),
      ErrorOf([&] { fs->SetOwner(root, path, 1, 1); }),
      ErrorOf([&] { fs->SetModified(root, path, 1); }),
  };
}

}  // namespace

TEST_CASE_TEMPLATE("a new file has exactly the content and mode asked for", T,
                   EVERY_FS) {
  T t;
  Put(&t.fs, "a", "hello world", 0666);
  Put(&t.fs, "b", "", 0600);
  CHECK(Get(&t.fs, "a") == "hello world");
  CHECK(Get(&t.fs, "b").empty());
  const auto a = t.fs.Stat(Fs::kRoot, "a");
  REQUIRE(a);
  CHECK(a->type == FileType::kFile);
  CHECK(a->mode == 0666);
  CHECK(a->size == 11);
  CHECK(a->links == 1);
  const auto b = t.fs.Stat(Fs::kRoot, "b");
  REQUIRE(b);
  CHECK(b->mode == 0600);
  CHECK(b->device == a->device);
  CHECK(b->inode != a->inode);
}

TEST_CASE_TEMPLATE("opening fails where the mode does not fit what is there", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  Put(&fs, "file", "x");
  fs.MakeDirectory(Fs::kRoot, "dir", 0755);
  fs.MakeSymlink("file", Fs::kRoot, "link");
  fs.MakeSymlink("nowhere", Fs::kRoot, "dangling");
  const auto open = [&](const char* path, OpenMode mode) {
    return ErrorOf([&] { fs.Close(fs.Open(Fs::kRoot, path, mode)); });
  };
  CHECK(open("none", OpenMode::kRead) == ENOENT);
  CHECK(open("none", OpenMode::kAppend) == ENOENT);
  CHECK(open("link", OpenMode::kRead) == ELOOP);
  CHECK(open("link", OpenMode::kAppend) == ELOOP);
  CHECK(open("link", OpenMode::kLockFile) == ELOOP);
  CHECK(open("dangling", OpenMode::kLockFile) == ELOOP);
  CHECK(open("link", OpenMode::kCreateNew) == EEXIST);
  CHECK(open("dangling", OpenMode::kCreateNew) == EEXIST);
  CHECK(open("file", OpenMode::kCreateNew) == EEXIST);
  CHECK(open("dir", OpenMode::kCreateNew) == EEXIST);
  CHECK(open("dir", OpenMode::kAppend) == EISDIR);
  CHECK(open("dir", OpenMode::kLockFile) == EISDIR);
  CHECK(ErrorOf([&] { fs.OpenDirectory(Fs::kRoot, "none"); }) == ENOENT);
  CHECK(ErrorOf([&] { fs.OpenDirectory(Fs::kRoot, "file"); }) == ENOTDIR);
  CHECK(ErrorOf([&] { fs.OpenDirectory(Fs::kRoot, "link"); }) == ENOTDIR);
  CHECK(ErrorOf([&] { fs.List(Fs::kRoot, "file"); }) == ENOTDIR);
  CHECK(ErrorOf([&] { fs.List(Fs::kRoot, "none"); }) == ENOENT);
}

TEST_CASE_TEMPLATE("what is not a file cannot be read as one", T, EVERY_FS) {
  T t;
  t.fs.MakeDirectory(Fs::kRoot, "dir", 0755);
  CHECK(ErrorOf([&] { Get(&t.fs, "dir"); }) == EISDIR);
}

TEST_CASE_TEMPLATE("writes of a handle follow each other, appends the end", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kCreateNew));
  fs.Write(file.get(), "one ");
  fs.Write(file.get(), "");
  fs.Write(file.get(), "two ");
  const ScopedHandle append(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kAppend));
  fs.Write(append.get(), "three ");
  CHECK(Get(&fs, "f") == "one two three ");
  CHECK(ReadAll(&fs, append.get()) == "one two three ");
  CHECK(ReadAll(&fs, file.get()) == "one two three ");
  fs.Truncate(append.get(), 4);
  fs.Write(append.get(), "2");
  CHECK(Get(&fs, "f") == "one 2");
}

TEST_CASE_TEMPLATE("a file read only cannot be written", T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  Put(&fs, "f", "x");
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kRead));
  CHECK(ErrorOf([&] { fs.Write(file.get(), "y"); }) == EBADF);
  CHECK(ErrorOf([&] { fs.Truncate(file.get(), 0); }) == EINVAL);
  CHECK(ErrorOf([&] { fs.Reserve(file.get(), 10); }) == EBADF);
}

TEST_CASE_TEMPLATE("truncating sets the size, and zeros fill what it adds", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kCreateNew));
  fs.Write(file.get(), "abc");
  fs.Truncate(file.get(), 5);
  CHECK(Get(&fs, "f") == std::string("abc\0\0", 5));
  fs.Truncate(file.get(), 0);
  CHECK(fs.Stat(Fs::kRoot, "f")->size == 0);
}

TEST_CASE_TEMPLATE("reserving leaves size and content", T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kCreateNew));
  fs.Write(file.get(), "abc");
  fs.Reserve(file.get(), 65536);
  CHECK(fs.Stat(Fs::kRoot, "f")->size == 3);
  CHECK(Get(&fs, "f") == "abc");
}

TEST_CASE_TEMPLATE("paths start at an open directory", T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  fs.MakeDirectory(Fs::kRoot, "a", 0750);
  fs.MakeDirectory(Fs::kRoot, "a/b", 0700);
  CHECK(fs.Stat(Fs::kRoot, "a")->mode == 0750);
  CHECK(fs.Stat(Fs::kRoot, "a/b")->mode == 0700);
  const ScopedHandle a(&fs, fs.OpenDirectory(Fs::kRoot, "a"));
  const ScopedHandle b(&fs, fs.OpenDirectory(a.get(), "b"));
  fs.MakeSymlink("up", b.get(), "link");
  CHECK(fs.ReadLink(Fs::kRoot, "a/b/link") == "up");
  CHECK(Names(&fs, a.get(), "") == "d:b ");
  CHECK(Names(&fs, a.get(), ".") == "d:b ");
  CHECK(Names(&fs, a.get(), "b") == "l:link ");
  CHECK(fs.Stat(b.get(), "")->inode == fs.Stat(Fs::kRoot, "a/b")->inode);
  fs.Rename(Fs::kRoot, "a", Fs::kRoot, "c", RenameMode::kReplace);
  CHECK(fs.ReadLink(b.get(), "link") == "up");
  const ScopedHandle again(&fs, fs.OpenDirectory(b.get(), ""));
  CHECK(Names(&fs, again.get(), "") == "l:link ");
}

TEST_CASE_TEMPLATE("no path leads outside or through a symbolic link", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  Put(&fs, "d/f", "x");
  fs.MakeSymlink("d", Fs::kRoot, "link");
  fs.MakeSymlink("/", Fs::kRoot, "out");
  for (const char* path : {"../x", "d/../x", "/etc/passwd"}) {
    CHECK_MESSAGE(Answers(&fs, path) == std::set<int>{EXDEV}, path);
  }
  for (const char* path : {"link/f", "out/etc/passwd"}) {
    CHECK_MESSAGE(Answers(&fs, path) == std::set<int>{ELOOP}, path);
  }
  CHECK(Get(&fs, "d/f") == "x");
}

TEST_CASE_TEMPLATE("absence is no failure where there is room to say so", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  Put(&fs, "file", "x");
  for (const char* path : {"none", "none/below", "file/below"}) {
    CAPTURE(path);
    CHECK_FALSE(fs.Stat(Fs::kRoot, path));
    CHECK_FALSE(fs.ReadLink(Fs::kRoot, path));
    CHECK_FALSE(fs.RemoveFile(Fs::kRoot, path));
    CHECK_FALSE(fs.RemoveDirectory(Fs::kRoot, path));
  }
  CHECK(ErrorOf([&] { fs.MakeDirectory(Fs::kRoot, "none/a", 0755); }) ==
        ENOENT);
  CHECK(ErrorOf([&] { fs.MakeDirectory(Fs::kRoot, "file/a", 0755); }) ==
        ENOTDIR);
  CHECK(ErrorOf([&] { fs.ReadLink(Fs::kRoot, "file"); }) == EINVAL);
  CHECK(ErrorOf([&] { fs.SetMode(Fs::kRoot, "none", 0755); }) == ENOENT);
}

TEST_CASE_TEMPLATE("a symbolic link is looked at, never followed", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  fs.MakeSymlink("d", Fs::kRoot, "link");
  const auto info = fs.Stat(Fs::kRoot, "link");
  REQUIRE(info);
  CHECK(info->type == FileType::kSymlink);
  CHECK(info->size == 1);
  CHECK(fs.ReadLink(Fs::kRoot, "link") == "d");
  CHECK(ErrorOf([&] { fs.SetMode(Fs::kRoot, "link", 0700); }) == EOPNOTSUPP);
  CHECK(fs.Stat(Fs::kRoot, "d")->mode == 0755);
  CHECK(ErrorOf([&] { fs.MakeSymlink("x", Fs::kRoot, "link"); }) == EEXIST);
  CHECK(ErrorOf([&] { fs.MakeSymlink("", Fs::kRoot, "l"); }) == ENOENT);
  CHECK(ErrorOf([&] { fs.RemoveDirectory(Fs::kRoot, "link"); }) == ENOTDIR);
  CHECK(fs.RemoveFile(Fs::kRoot, "link"));
  CHECK(fs.Stat(Fs::kRoot, "d"));
}

TEST_CASE_TEMPLATE("mode and owner change what the name means itself", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  Put(&fs, "f", "x", 0600);
  fs.MakeSymlink("f", Fs::kRoot, "link");
  fs.SetMode(Fs::kRoot, "f", 0754);
  CHECK(fs.Stat(Fs::kRoot, "f")->mode == 0754);
  fs.SetMode(Fs::kRoot, ".", 0711);
  CHECK(fs.Stat(Fs::kRoot, "")->mode == 0711);
  const auto before = fs.Stat(Fs::kRoot, "f");
  if (before->owner != 0) {  // only root may give files away
    CHECK(ErrorOf([&] { fs.SetOwner(Fs::kRoot, "f", 0, 0); }) == EPERM);
    return;
  }
  fs.SetOwner(Fs::kRoot, "link", 12, 34);
  CHECK(fs.Stat(Fs::kRoot, "link")->owner == 12);
  CHECK(fs.Stat(Fs::kRoot, "link")->group == 34);
  CHECK(fs.Stat(Fs::kRoot, "f")->owner == 0);
  // An open file keeps its identity when its name goes to another file.
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kRead));
  fs.Rename(Fs::kRoot, "f", Fs::kRoot, "g", RenameMode::kReplace);
  Put(&fs, "f", "y");
  fs.SetOwner(file.get(), "", 12, 34);
  CHECK(fs.Stat(Fs::kRoot, "g")->owner == 12);
  CHECK(fs.Stat(Fs::kRoot, "f")->owner == 0);
}

TEST_CASE_TEMPLATE("a time is set to the nanosecond, of a name or what is open",
                   T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  constexpr std::int64_t kTime = 1'714'564'800'123'456'789;
  Put(&fs, "f", "x");
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  fs.MakeSymlink("f", Fs::kRoot, "link");
  fs.SetModified(Fs::kRoot, "f", kTime);
  CHECK(fs.Stat(Fs::kRoot, "f")->modified_exactly == kTime);
  CHECK(fs.Stat(Fs::kRoot, "f")->modified == 1'714'564'800);
  fs.SetModified(Fs::kRoot, "link", kTime + 1);
  CHECK(fs.Stat(Fs::kRoot, "link")->modified_exactly == kTime + 1);
  CHECK(fs.Stat(Fs::kRoot, "f")->modified_exactly == kTime);
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kAppend));
  fs.Write(file.get(), "y");
  CHECK(fs.StatHandle(file.get()).modified_exactly != kTime);
  fs.SetModified(file.get(), "", kTime + 2);
  CHECK(fs.StatHandle(file.get()).modified_exactly == kTime + 2);
  const ScopedHandle directory(&fs, fs.OpenDirectory(Fs::kRoot, "d"));
  fs.SetModified(directory.get(), "", kTime);
  fs.SetModified(Fs::kRoot, "", kTime + 3);
  CHECK(fs.Stat(Fs::kRoot, "d")->modified_exactly == kTime);
  CHECK(fs.Stat(Fs::kRoot, "")->modified_exactly == kTime + 3);
  CHECK(ErrorOf([&] { fs.SetModified(Fs::kRoot, "none", 0); }) == ENOENT);
}

TEST_CASE_TEMPLATE("a hard link is a second name", T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  Put(&fs, "a", "x");
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  fs.MakeSymlink("a", Fs::kRoot, "link");
  fs.MakeHardLink(Fs::kRoot, "a", Fs::kRoot, "d/b");
  fs.MakeHardLink(Fs::kRoot, "link", Fs::kRoot, "link2");
  CHECK(fs.ReadLink(Fs::kRoot, "link2") == "a");
  CHECK(fs.Stat(Fs::kRoot, "a")->links == 2);
  CHECK(fs.Stat(Fs::kRoot, "a")->inode == fs.Stat(Fs::kRoot, "d/b")->inode);
  CHECK(ErrorOf([&] { fs.MakeHardLink(Fs::kRoot, "a", Fs::kRoot, "d/b"); }) ==
        EEXIST);
  CHECK(ErrorOf([&] { fs.MakeHardLink(Fs::kRoot, "d", Fs::kRoot, "e"); }) ==
        EPERM);
  CHECK(ErrorOf([&] { fs.MakeHardLink(Fs::kRoot, "no", Fs::kRoot, "e"); }) ==
        ENOENT);
  fs.Rename(Fs::kRoot, "a", Fs::kRoot, "d/b", RenameMode::kReplace);
  CHECK(fs.Stat(Fs::kRoot, "a"));
  CHECK(fs.Stat(Fs::kRoot, "d/b"));
  CHECK(fs.RemoveFile(Fs::kRoot, "a"));
  CHECK(Get(&fs, "d/b") == "x");
  CHECK(fs.Stat(Fs::kRoot, "d/b")->links == 1);
}

TEST_CASE_TEMPLATE("removing takes only what the call is for", T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  Put(&fs, "d/f", "x");
  CHECK(ErrorOf([&] { fs.RemoveFile(Fs::kRoot, "d"); }) == EISDIR);
  CHECK(ErrorOf([&] { fs.RemoveDirectory(Fs::kRoot, "d"); }) == ENOTEMPTY);
  CHECK(ErrorOf([&] { fs.RemoveDirectory(Fs::kRoot, "d/f"); }) == ENOTDIR);
  const ScopedHandle d(&fs, fs.OpenDirectory(Fs::kRoot, "d"));
  const ScopedHandle f(&fs, fs.Open(Fs::kRoot, "d/f", OpenMode::kRead));
  CHECK(fs.RemoveFile(Fs::kRoot, "d/f"));
  CHECK(ReadAll(&fs, f.get()) == "x");
  CHECK(fs.RemoveDirectory(Fs::kRoot, "d"));
  CHECK_FALSE(fs.Stat(Fs::kRoot, "d"));
  CHECK(ErrorOf([&] { fs.MakeDirectory(d.get(), "e", 0755); }) == ENOENT);
  CHECK(ErrorOf([&] { fs.Open(d.get(), "e", OpenMode::kCreateNew); }) ==
        ENOENT);
  CHECK(fs.List(d.get(), "").empty());
}

TEST_CASE_TEMPLATE("a rename replaces files and links, not what is full", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const auto rename = [&](const char* from, const char* to) {
    return ErrorOf([&] {
      fs.Rename(Fs::kRoot, from, Fs::kRoot, to, RenameMode::kReplace);
    });
  };
  Put(&fs, "a", "A");
  Put(&fs, "b", "B");
  fs.MakeSymlink("a", Fs::kRoot, "link");
  fs.MakeDirectory(Fs::kRoot, "full", 0755);
  fs.MakeDirectory(Fs::kRoot, "full/sub", 0755);
  fs.MakeDirectory(Fs::kRoot, "empty", 0755);
  CHECK(rename("none", "x") == ENOENT);
  CHECK(rename("a", "full") == EISDIR);
  CHECK(rename("empty", "a") == ENOTDIR);
  CHECK(rename("empty", "full") == ENOTEMPTY);
  CHECK(rename("full", "full/sub/x") == EINVAL);
  CHECK(rename("full/sub", "full") == ENOTEMPTY);
  CHECK(rename("a", "none/x") == ENOENT);
  CHECK(rename("a", "b") == 0);
  CHECK(Get(&fs, "b") == "A");
  CHECK(rename("b", "link") == 0);
  CHECK(fs.Stat(Fs::kRoot, "link")->type == FileType::kFile);
  CHECK(rename("full", "empty") == 0);
  CHECK(rename("link", "empty/sub/f") == 0);
  CHECK(Names(&fs, Fs::kRoot, "") == "d:empty ");
  CHECK(Get(&fs, "empty/sub/f") == "A");
  CHECK(rename("empty", "empty") == 0);
}

TEST_CASE_TEMPLATE("a rename that may not replace leaves what is there", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const auto rename = [&](const char* from, const char* to) {
    return ErrorOf([&] {
      fs.Rename(Fs::kRoot, from, Fs::kRoot, to, RenameMode::kNoReplace);
    });
  };
  Put(&fs, "a", "A");
  fs.MakeSymlink("nowhere", Fs::kRoot, "dangling");
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  CHECK(rename("a", "dangling") == EEXIST);
  CHECK(rename("d", "a") == EEXIST);
  CHECK(rename("none", "a") == ENOENT);
  CHECK(rename("a", "d/b") == 0);
  CHECK(rename("d", "e") == 0);
  CHECK(Get(&fs, "e/b") == "A");
}

TEST_CASE_TEMPLATE("an exchange trades names of whatever kind", T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  const auto exchange = [&](const char* from, const char* to) {
    return ErrorOf([&] {
      fs.Rename(Fs::kRoot, from, Fs::kRoot, to, RenameMode::kExchange);
    });
  };
  fs.MakeDirectory(Fs::kRoot, "current", 0755);
  Put(&fs, "current/f", "x");
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  fs.MakeSymlink("d/old", Fs::kRoot, "d/link");
  CHECK(exchange("current", "none") == ENOENT);
  CHECK(exchange("none", "current") == ENOENT);
  CHECK(exchange("current", "current/f") == EINVAL);
  CHECK(exchange("current/f", "current") == EINVAL);
  CHECK(exchange("current", "d/link") == 0);
  CHECK(fs.ReadLink(Fs::kRoot, "current") == "d/old");
  CHECK(Get(&fs, "d/link/f") == "x");
}

TEST_CASE_TEMPLATE("syncs of files, directories, root and tree succeed", T,
                   EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  const ScopedHandle d(&fs, fs.OpenDirectory(Fs::kRoot, "d"));
  const ScopedHandle f(&fs, fs.Open(d.get(), "f", OpenMode::kCreateNew));
  const ScopedHandle r(&fs, fs.Open(d.get(), "f", OpenMode::kRead));
  fs.Sync(f.get());
  fs.Sync(r.get());
  fs.Sync(d.get());
  fs.Sync(Fs::kRoot);
  fs.SyncTree(d.get());
  fs.SyncTree(Fs::kRoot);
}

TEST_CASE_TEMPLATE("one holder has the lock until it closes", T, EVERY_FS) {
  T t;
  Fs& fs = t.fs;
  ScopedHandle first(&fs,
                     fs.Open(Fs::kRoot, "lock", OpenMode::kLockFile, 0640));
  CHECK(fs.Stat(Fs::kRoot, "lock")->mode == 0640);
  CHECK(fs.TryLock(first.get()));
  CHECK(fs.TryLock(first.get()));
  fs.Write(first.get(), "holder");
  const ScopedHandle second(&fs,
                            fs.Open(Fs::kRoot, "lock", OpenMode::kLockFile));
  CHECK(ReadAll(&fs, second.get()) == "holder");
  CHECK_FALSE(fs.TryLock(second.get()));
  { const ScopedHandle closed(std::move(first)); }
  CHECK(fs.TryLock(second.get()));
}

TEST_CASE_TEMPLATE("there is space, and the clock of files does not go back", T,
                   EVERY_FS) {
  T t;
  Put(&t.fs, "a", "x");
  Put(&t.fs, "b", "x");
  CHECK(t.fs.Space().free_bytes > 0);
  CHECK(t.fs.Stat(Fs::kRoot, "a")->modified > 0);
  CHECK(t.fs.Stat(Fs::kRoot, "b")->modified >=
        t.fs.Stat(Fs::kRoot, "a")->modified);
}

}  // namespace release
