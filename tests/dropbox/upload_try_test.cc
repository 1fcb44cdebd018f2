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
  for (const char* path : {kIncoming, kOwn, kTransactions}) {
    disk.MakeDirectory(Fs::kRoot, path, 0755);
  }
  for (const char* upload : {"a", "b"}) Put(&disk, upload);
  disk.SyncTree(Fs::kRoot);
  return disk;
}

UploadNote NoteOf(Fs* fs, const std::string& upload,
                  std::uint64_t transaction = 1) {
  return {.transaction = transaction,
          .upload = upload,
          .files = StampsOf(fs, upload)};
}

// Returns the disk as a process leaves it that dies while it deploys the
// upload.
MemFs Dead(MemFs disk, const std::string& upload,
           std::uint64_t transaction = 1) {
  const UploadTry one(&disk, NoteOf(&disk, upload, transaction));
  return disk.Killed();
}

unsigned Deaths(Fs* fs, const std::string& upload) {
  return UploadTry(fs, NoteOf(fs, upload)).deaths();
}

// Writes the record of a transaction about the upload.
void Record(MemFs* disk, std::uint64_t transaction, const std::string& upload,
            const std::string& code) {
  Journal journal(disk, transaction, Journal::RecordSpace::kNewFile);
  journal.Begin(
      {.command = CommandId::kDeploy, .source = "incoming/" + upload});
  journal.End({.committed = code.empty(), .code = code});
}

}  // namespace

TEST_CASE("a try that ends is not counted and leaves no note") {
  MemFs disk = MakeBox();
  for (int i = 0; i < 5; ++i) CHECK(Deaths(&disk, "a") == 0);
  CHECK(ReadUploadNotes(&disk).empty());
  CHECK(disk.List(Fs::kRoot, kOwn).size() == 1);
}

TEST_CASE("each death in a row is counted, until it is given up") {
  MemFs disk = MakeBox();
  for (unsigned i = 0; i < kTriesOfUpload; ++i) {
    disk = Dead(disk, "a", i + 1);
    CHECK(ReadUploadNotes(&disk).size() == 1);
    MemFs copy = disk;
    const UploadTry next(&copy, NoteOf(&copy, "a", i + 2));
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
  const UploadTry one(&disk, NoteOf(&disk, "a"));
  disk.ForEachPowerCut([](MemFs left) { CHECK(Deaths(&left, "a") == 1); });
}

TEST_CASE("if the note cannot be written or read, nothing is counted") {
  MemFs disk = MakeBox();
  FaultFs full(&disk);
  full.FailFrom(1, ENOSPC, FsCall::kWrite);
  CHECK(Deaths(&full, "a") == 0);
  for (const char* text : {"", "{", "[]", "{\"tries\":\"x\"}"}) {
    PutFile(&disk, ".release/intake-000009", text);
    CHECK(Deaths(&disk, "a") == 0);
  }
}

TEST_CASE("a note that is kept says how the upload's transaction ended") {
  for (const char* code : {"", "health-deadline", "interrupted"}) {
    CAPTURE(code);
    MemFs disk = MakeBox();
    {
      UploadTry one(&disk, NoteOf(&disk, "a", 7));
      CHECK(!FindEnd(&disk, ReadUploadNotes(&disk).at(0)));
      Record(&disk, 7, "a", code);
      one.Keep();
    }
    const UploadNote note = ReadUploadNotes(&disk).at(0);
    CHECK(note.transaction == 7);
    CHECK(note.upload == "a");
    CHECK(note.files == StampsOf(&disk, "a"));
    CHECK(note.IsStillThere(&disk));
    CHECK(FindEnd(&disk, note).has_value() ==
          (code != std::string("interrupted")));
    Put(&disk, "a");
    CHECK(!note.IsStillThere(&disk));
  }
}

TEST_CASE("a record of something else says nothing about the upload") {
  MemFs disk = MakeBox();
  Record(&disk, 7, "b", "");
  CHECK(!FindEnd(&disk, NoteOf(&disk, "a", 7)));
  CHECK(FindEnd(&disk, NoteOf(&disk, "b", 7)));
}

TEST_CASE("an upload that was given up is not tried again") {
  MemFs disk = MakeBox();
  Record(&disk, 7, "a", "interrupted");
  UploadNote note = NoteOf(&disk, "a", 7);
  note.tries = kTriesOfUpload;
  CHECK(!FindEnd(&disk, note));
  note.tries = kTriesOfUpload + 1;
  CHECK(FindEnd(&disk, note));
}

TEST_CASE("a note that could not be written is written when it is kept") {
  MemFs disk = MakeBox();
  FaultFs full(&disk);
  full.FailAt(1, ENOSPC, FsCall::kWrite);
  UploadTry(&full, NoteOf(&disk, "a")).Keep();
  CHECK(ReadUploadNotes(&disk).size() == 1);
}

}  // namespace release
