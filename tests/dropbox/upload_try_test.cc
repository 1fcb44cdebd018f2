#include "dropbox/upload_try.h"

#include <doctest/doctest.h>
#include <errno.h>

#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

void Put(MemFs* disk, const std::string& upload) {
  PutFile(disk, "incoming/" + upload + ".sha256", "sum");
}

// Returns a drop box with the uploads a and b.
MemFs MakeBox() {
  MemFs disk;
  for (const char* path : {kIncoming, kOwn}) {
    disk.MakeDirectory(Fs::kRoot, path, 0755);
  }
  for (const char* upload : {"a", "b"}) Put(&disk, upload);
  disk.SyncTree(Fs::kRoot);
  return disk;
}

// Returns the disk as a process leaves it that dies while it deploys the
// upload.
MemFs Dead(MemFs disk, const std::string& upload) {
  const UploadTry one(&disk, upload);
  return disk.Killed();
}

unsigned Deaths(MemFs* disk, const std::string& upload) {
  return UploadTry(disk, upload).deaths();
}

}  // namespace

TEST_CASE("a try that ends is not counted and leaves no note") {
  MemFs disk = MakeBox();
  for (int i = 0; i < 5; ++i) CHECK(Deaths(&disk, "a") == 0);
  CHECK(disk.List(Fs::kRoot, kOwn).empty());
}

TEST_CASE("each death in a row is counted, until it is given up") {
  MemFs disk = MakeBox();
  for (unsigned i = 0; i < kTriesOfUpload; ++i) {
    disk = Dead(disk, "a");
    MemFs copy = disk;
    const UploadTry next(&copy, "a");
    CHECK(next.deaths() == i + 1);
    CHECK(next.given_up() == (i + 1 == kTriesOfUpload));
  }
}

TEST_CASE("deaths are counted for a name that is not UTF-8") {
  MemFs disk = MakeBox();
  Put(&disk, "\xff\xfe");
  disk = Dead(Dead(disk, "\xff\xfe"), "\xff\xfe");
  CHECK(Deaths(&disk, "\xff\xfe") == 2);
}

TEST_CASE("a try that ends resets the count") {
  MemFs disk = Dead(Dead(MakeBox(), "a"), "a");
  CHECK(Deaths(&disk, "a") == 2);
  CHECK(Deaths(&disk, "a") == 0);
}

TEST_CASE("another upload starts at 0, also under the same name") {
  MemFs disk = Dead(Dead(MakeBox(), "a"), "a");
  MemFs copy = disk;
  CHECK(Deaths(&copy, "b") == 0);
  Put(&disk, "a");
  CHECK(Deaths(&disk, "a") == 0);
}

TEST_CASE("a power cut does not undo the count") {
  MemFs disk = MakeBox();
  const UploadTry one(&disk, "a");
  disk.ForEachPowerCut([](MemFs left) { CHECK(Deaths(&left, "a") == 1); });
}

TEST_CASE("if the note cannot be written or read, nothing is counted") {
  MemFs disk = MakeBox();
  FaultFs full(&disk);
  full.FailFrom(1, ENOSPC, FsCall::kWrite);
  CHECK(UploadTry(&full, "a").deaths() == 0);
  for (const char* text : {"", "{", "[]", "{\"tries\":\"x\"}"}) {
    PutFile(&disk, ".release/intake", text);
    CHECK(Deaths(&disk, "a") == 0);
  }
}

}  // namespace release
