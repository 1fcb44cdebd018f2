#include "dropbox/rejected.h"

#include <doctest/doctest.h>
#include <errno.h>
#include <fmt/format.h>

#include "os/posix_fs.h"
#include "store/durable.h"
#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// A drop box on a disk with 1 MiB free.
struct Box {
  Box() {
    disk.MakeDirectory(Fs::kRoot, kIncoming, 0755);
    disk.SetSpace({.free_bytes = 1 << 20});
  }

  void RejectOne(const std::string& name, std::size_t bytes = 10) {
    PutFile(&disk, "incoming/" + name, std::string(bytes, 'x'));
    PutFile(&disk, "incoming/" + name + ".sha256", "sum");
    Reject(&disk, name, "why " + name);
  }
  bool There(const std::string& name) {
    return Exists(&disk, "incoming/rejected/" + name);
  }
  // Of `rejected` uploads, numbered from the oldest, checks that the files of
  // exactly the latest `uploads` and the latest `reasons` reasons are kept.
  void CheckKept(int rejected, int uploads, int reasons) {
    for (int i = 0; i < rejected; ++i) {
      const std::string name = fmt::format("{}.tar", i);
      CAPTURE(name);
      CHECK(There(name) == (i >= rejected - uploads));
      CHECK(There(name + ".sha256") == There(name));
      CHECK(There(name + ".reason.json") == (i >= rejected - reasons));
    }
  }

  MemFs disk;
};

}  // namespace

TEST_CASE("a rejected upload is moved and gets its reason") {
  Box box;
  box.RejectOne("1.tar");
  CHECK(box.There("1.tar"));
  CHECK(box.There("1.tar.sha256"));
  CHECK(ReadFile(&box.disk, "incoming/rejected/1.tar.reason.json") ==
        "why 1.tar");
  CHECK(box.disk.List(Fs::kRoot, kIncoming).size() == 1);
}

TEST_CASE("only the group of the drop box may read a reason") {
  Box box;
  box.disk.SetOwner(Fs::kRoot, kIncoming, 1000, 1001);
  box.RejectOne("1.tar");
  const auto reason =
      box.disk.Stat(Fs::kRoot, "incoming/rejected/1.tar.reason.json");
  REQUIRE(reason);
  CHECK(reason->mode == 0640);
  CHECK(reason->owner == box.disk.Stat(Fs::kRoot, kRejected)->owner);
  CHECK(reason->group == 1001);
}

TEST_CASE("a sparse upload counts by what it takes of the disk") {
  const TempDir directory;
  PosixFs disk(directory.path());
  disk.MakeDirectory(Fs::kRoot, kIncoming, 0755);
  for (const char* name : {"small.tar", "sparse.tar"}) {
    PutFile(&disk, std::string("incoming/") + name, "x");
    PutFile(&disk, std::string("incoming/") + name + ".sha256", "sum");
  }
  {
    const ScopedHandle file(
        &disk, disk.Open(Fs::kRoot, "incoming/sparse.tar", OpenMode::kAppend));
    // More than any disk has free, and less than any file system's limit.
    disk.Truncate(file.get(), std::uint64_t{8} << 40);
  }
  for (const char* name : {"small.tar", "sparse.tar"}) {
    Reject(&disk, name, "why");
  }
  CHECK(TrimRejected(&disk).empty());
  CHECK(Exists(&disk, "incoming/rejected/small.tar"));
  CHECK(Exists(&disk, "incoming/rejected/sparse.tar"));
}

TEST_CASE("without rejected uploads nothing is trimmed") {
  Box box;
  CHECK(TrimRejected(&box.disk).empty());
  PutFile(&box.disk, "elsewhere", "x");
  box.disk.MakeSymlink("../elsewhere", Fs::kRoot, kRejected);
  CHECK(TrimRejected(&box.disk).empty());
}

TEST_CASE("the latest uploads are kept, and more of the reasons") {
  Box box;
  for (int i = 0; i < 13; ++i) box.RejectOne(fmt::format("{}.tar", i));
  CHECK(TrimRejected(&box.disk).empty());
  box.CheckKept(13, 10, 13);
}

TEST_CASE("only the latest reasons are kept") {
  Box box;
  for (int i = 0; i < 103; ++i) box.RejectOne(fmt::format("{}.tar", i));
  CHECK(TrimRejected(&box.disk).empty());
  box.CheckKept(103, 10, 100);
}

TEST_CASE("rejected uploads take no more space than is free") {
  Box box;
  for (int i = 0; i < 4; ++i) box.RejectOne(fmt::format("{}.tar", i), 1000);
  // The four uploads take 4012 bytes. After one is removed they take 3009, and
  // 1003 more are free.
  box.disk.SetSpace({.free_bytes = 2006});
  CHECK(TrimRejected(&box.disk).empty());
  box.CheckKept(4, 3, 4);
  box.disk.SetSpace({.free_bytes = 0});
  CHECK(TrimRejected(&box.disk).empty());
  box.CheckKept(4, 1, 4);
}

TEST_CASE("the files in a directory count, and are removed with it") {
  Box box;
  box.RejectOne("0.tar", 100);
  box.disk.MakeDirectory(Fs::kRoot, "incoming/1.tar", 0755);
  PutFile(&box.disk, "incoming/1.tar/inside", std::string(500, 'x'));
  Reject(&box.disk, "1.tar", "why");
  box.disk.SetSpace({.free_bytes = 10});
  CHECK(TrimRejected(&box.disk).empty());
  CHECK_FALSE(box.There("0.tar"));
  CHECK_FALSE(box.There("1.tar"));
  CHECK(box.There("1.tar.reason.json"));
}

TEST_CASE("a file without a reason is kept") {
  Box box;
  for (int i = 0; i < 12; ++i) box.RejectOne(fmt::format("{}.tar", i));
  PutFile(&box.disk, "incoming/rejected/notes", "x");
  box.disk.SetSpace({.free_bytes = 0});
  CHECK(TrimRejected(&box.disk).empty());
  CHECK(box.There("notes"));
}

TEST_CASE("an upload whose name was cut for its reason is found") {
  Box box;
  const std::string longest(248, 'x');
  box.RejectOne(longest);
  box.disk.SetSpace({.free_bytes = 0});
  CHECK(TrimRejected(&box.disk).empty());
  CHECK_FALSE(box.There(longest));
  CHECK(box.There(longest.substr(0, 238) + ".reason.json"));
}

TEST_CASE("a failed removal is reported, and the others go on") {
  Box box;
  for (int i = 0; i < 103; ++i) box.RejectOne(fmt::format("{}.tar", i));
  FaultFs faulty(&box.disk);
  // Fail the removal of the oldest upload's archive. Two files are removed of
  // each of the 93 uploads beyond the latest ten, the oldest ones last.
  faulty.FailAt(2 * 93 - 1, EIO, FsCall::kRemoveFile);
  const auto failures = TrimRejected(&faulty);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].find("incoming/rejected/") != std::string::npos);
  CHECK(box.There("0.tar"));
  CHECK(box.There("0.tar.reason.json"));
  CHECK_FALSE(box.There("1.tar"));
  CHECK_FALSE(box.There("1.tar.reason.json"));
  CHECK(TrimRejected(&box.disk).empty());
  box.CheckKept(103, 10, 100);
}

}  // namespace release
