#include "store/newest_record.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "os/posix_fs.h"
#include "store/durable.h"
#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// A root with records 1 to 3, in which 3 is remembered as the newest.
void Fill(Fs* fs) {
  fs->MakeDirectory(Fs::kRoot, kOwn, 0750);
  fs->MakeDirectory(Fs::kRoot, kTransactions, 0750);
  for (const std::uint64_t number : {1, 2, 3})
    PutFile(fs, RecordPath(number), "x");
  RememberNewest(fs, 3);
}

struct Root {
  MemFs disk;
  Root() { Fill(&disk); }
};

TEST_CASE("what was remembered is recalled while nothing changes") {
  Root root;
  CHECK(RecallNewest(&root.disk) == 3);
  AppendToFile(&root.disk, RecordPath(2), "more of one record");
  CHECK(RecallNewest(&root.disk) == 3);
  PutFile(&root.disk, RecordPath(4), "x");
  RememberNewest(&root.disk, 4);
  CHECK(RecallNewest(&root.disk) == 4);
}

TEST_CASE("the number is recalled on a real disk too") {
  TempDir dir;
  PosixFs fs(dir.path());
  Fill(&fs);
  CHECK(RecallNewest(&fs) == 3);
  PutFile(&fs, RecordPath(4), "x");
  CHECK_FALSE(RecallNewest(&fs));
}

TEST_CASE("after any change of the directory the number is unknown") {
  const auto after = [](auto&& change) {
    Root root;
    change(&root.disk);
    return RecallNewest(&root.disk);
  };
  CHECK_FALSE(after([](Fs* fs) { PutFile(fs, RecordPath(4), "x"); }));
  CHECK_FALSE(after([](Fs* fs) { PutFile(fs, RecordPath(9), "x"); }));
  CHECK_FALSE(after([](Fs* fs) { fs->RemoveFile(Fs::kRoot, RecordPath(3)); }));
  CHECK_FALSE(after([](Fs* fs) { fs->RemoveFile(Fs::kRoot, RecordPath(1)); }));
  CHECK_FALSE(after([](Fs* fs) {
    fs->Rename(Fs::kRoot, RecordPath(3), Fs::kRoot, RecordPath(3) + ".damaged",
               RenameMode::kReplace);
  }));
  // A copy of the directory replaces the original.
  CHECK_FALSE(after([](Fs* fs) {
    fs->MakeDirectory(Fs::kRoot, "copy", 0750);
    PutFile(fs, std::string("copy/") + RecordName(3), "x");
    fs->Rename(Fs::kRoot, "copy", Fs::kRoot, kTransactions,
               RenameMode::kExchange);
  }));
}

void Overwrite(Fs* fs, const std::string& text) {
  const ScopedHandle file(fs,
                          fs->Open(Fs::kRoot, kNewest, OpenMode::kLockFile));
  fs->Write(file.get(), text);
  fs->Truncate(file.get(), text.size());
}

TEST_CASE("a missing or torn file is not believed") {
  Root root;
  const std::string text = ReadFile(&root.disk, kNewest);
  REQUIRE(text.size() > 10);
  for (std::size_t size = 0; size < text.size(); ++size) {
    Overwrite(&root.disk, text.substr(0, size));
    CHECK_FALSE(RecallNewest(&root.disk));
    Overwrite(&root.disk,
              text.substr(0, size) + std::string(text.size() - size, '\0'));
    CHECK_FALSE(RecallNewest(&root.disk));
  }
  Overwrite(&root.disk, text);
  CHECK(RecallNewest(&root.disk) == 3);
  root.disk.RemoveFile(Fs::kRoot, kNewest);
  CHECK_FALSE(RecallNewest(&root.disk));
}

TEST_CASE("a record made before the clock ticked is not overlooked") {
  // The directory's time of change is remembered after record 4 was added, as
  // if the clock had not ticked between.
  Root root;
  PutFile(&root.disk, RecordPath(4), "x");
  RememberNewest(&root.disk, 3);
  CHECK_FALSE(RecallNewest(&root.disk));
}

TEST_CASE("if it cannot be written, no wrong number is recalled") {
  for (const FsCall call : {FsCall::kOpen, FsCall::kWrite, FsCall::kTruncate}) {
    Root root;
    PutFile(&root.disk, RecordPath(4), "x");
    FaultFs fs(&root.disk);
    fs.FailAt(1, ENOSPC, call);
    CHECK_THROWS_AS(RememberNewest(&fs, 4), FsError);
    const auto recalled = RecallNewest(&root.disk);
    CHECK((!recalled || recalled == 4));
  }
}

}  // namespace
}  // namespace release
