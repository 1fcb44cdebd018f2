#include "support/fault_fs.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "support/mem_fs.h"

namespace release {
namespace {

void WriteTwice(Fs* fs) {
  fs->MakeDirectory(Fs::kRoot, "d", 0755);
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, "d/f", OpenMode::kCreateNew));
  fs->Write(file.get(), "one");
  fs->Write(file.get(), "two");
  fs->Sync(file.get());
}

}  // namespace

TEST_CASE("each call can be made to fail, one after the other") {
  std::string failures;
  std::uint64_t n = 1;
  for (;; ++n) {
    MemFs inner;
    FaultFs fs(&inner);
    fs.FailAt(n, EIO);
    try {
      WriteTwice(&fs);
    } catch (const FsError& error) {
      CHECK(error.error_number() == EIO);
    }
    CHECK(inner.open_handles() == 0);
    if (!fs.failed()) break;
    CHECK(fs.calls() == n);
    failures += fs.failure() + ", ";
  }
  // Five calls fail in turn; the sixth round has no call left to fail.
  CHECK(n == 6);
  CHECK(failures ==
        "make directory d, open d/f, write d/f, write d/f, sync d/f, ");
}

TEST_CASE("a failed call of a given kind has no effect") {
  MemFs inner;
  FaultFs fs(&inner);
  fs.FailAt(2, ENOSPC, FsCall::kWrite);
  CHECK_THROWS_AS(WriteTwice(&fs), FsError);
  CHECK(inner.Stat(Fs::kRoot, "d/f")->size == 3);
  CHECK(fs.calls(FsCall::kWrite) == 2);
  CHECK(fs.calls(FsCall::kSync) == 0);
  // The fault is gone after it has struck once.
  fs.RemoveFile(Fs::kRoot, "d/f");
  fs.RemoveDirectory(Fs::kRoot, "d");
  WriteTwice(&fs);
  CHECK(inner.Stat(Fs::kRoot, "d/f")->size == 6);
}

TEST_CASE("a failing write can write the beginning of its data") {
  MemFs inner;
  FaultFs fs(&inner);
  fs.FailWriteAfter(2, 1, ENOSPC);
  CHECK_THROWS_AS(WriteTwice(&fs), FsError);
  CHECK(inner.Stat(Fs::kRoot, "d/f")->size == 4);
}

TEST_CASE("a disk can stay full") {
  MemFs inner;
  FaultFs fs(&inner);
  fs.FailFrom(2, ENOSPC, FsCall::kMakeDirectory);
  fs.MakeDirectory(Fs::kRoot, "a", 0755);
  for (int i = 0; i < 3; ++i) {
    CHECK_THROWS_AS(fs.MakeDirectory(Fs::kRoot, "b", 0755), FsError);
  }
  // Calls of other kinds still work.
  CHECK(fs.RemoveDirectory(Fs::kRoot, "a"));
}

}  // namespace release
