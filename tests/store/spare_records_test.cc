#include "store/spare_records.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "deploy/operations.h"
#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

const std::string kRecord = ".release/transactions/000001.log";

MemFs Initialized() {
  MemFs disk;
  InitializeLayout(&disk);
  return disk.Killed();
}

unsigned Spares(Fs* fs) {
  unsigned count = 0;
  for (unsigned i = 1; i <= kSpareRecords; ++i) {
    if (Exists(fs, SparePath(i))) ++count;
  }
  return count;
}

TEST_CASE("spares are made once, and one without space is removed") {
  MemFs disk = Initialized();
  CHECK(Spares(&disk) == kSpareRecords);
  const auto inode = disk.Stat(Fs::kRoot, SparePath(1))->inode;
  disk.RemoveFile(Fs::kRoot, SparePath(2));
  FaultFs full(&disk);
  full.FailAt(1, ENOSPC, FsCall::kReserve);
  CHECK_THROWS_AS(PrepareSpareRecords(&full), FsError);
  CHECK(Spares(&disk) == kSpareRecords - 1);
  PrepareSpareRecords(&full);
  CHECK(Spares(&disk) == kSpareRecords);
  CHECK(disk.Stat(Fs::kRoot, SparePath(1))->inode == inode);
}

TEST_CASE("each spare is taken once") {
  MemFs disk = Initialized();
  for (unsigned i = 0; i < kSpareRecords; ++i) {
    CHECK(TakeSpareRecord(&disk, kRecord));
    CHECK(disk.RemoveFile(Fs::kRoot, kRecord));
  }
  CHECK_FALSE(TakeSpareRecord(&disk, kRecord));
}

TEST_CASE("if the directory has no room for a name, a spare is removed") {
  MemFs disk = Initialized();
  FaultFs full(&disk);
  full.FailAt(1, ENOSPC, FsCall::kRename);
  CHECK(TakeSpareRecord(&full, kRecord));
  CHECK(Exists(&disk, kRecord));
  CHECK(Spares(&disk) == kSpareRecords - 2);
  CHECK(full.calls(FsCall::kSync) == 1);
}

TEST_CASE("a directory that grows leaves records for all rollbacks in a row") {
  for (unsigned grows = 1; grows <= kRollbacksOnFullDisk; ++grows) {
    CAPTURE(grows);
    MemFs disk = Initialized();
    FaultFs full(&disk);
    full.FailAt(grows, ENOSPC, FsCall::kRename);
    for (std::uint64_t i = 1; i <= kRollbacksOnFullDisk; ++i) {
      CHECK(TakeSpareRecord(&full, RecordPath(i)));
    }
    CHECK(full.failed());
  }
}

TEST_CASE("another failure costs no spare, and the last one is kept") {
  MemFs disk = Initialized();
  FaultFs fs(&disk);
  fs.FailAt(1, EIO, FsCall::kRename);
  CHECK_THROWS_AS(TakeSpareRecord(&fs, kRecord), FsError);
  CHECK(Spares(&disk) == kSpareRecords);
  fs.FailFrom(1, ENOSPC, FsCall::kRename);
  for (unsigned left = kSpareRecords - 1; left >= 1; --left) {
    CHECK_THROWS_AS(TakeSpareRecord(&fs, kRecord), FsError);
    CHECK(Spares(&disk) == left);
  }
  CHECK_THROWS_AS(TakeSpareRecord(&fs, kRecord), FsError);
  CHECK(Spares(&disk) == 1);
}

}  // namespace
}  // namespace release
