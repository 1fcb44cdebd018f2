#include "store/journal.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "deploy/operations.h"
#include "os/posix_fs.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/record_text.h"
#include "store/spare_records.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"
#include "support/temp_dir.h"

namespace release {
namespace {

const std::string kPath = ".release/transactions/000001.log";
const std::string kSpare = ".release/transactions/.spare";

BeginRecord SomeBegin() {
  BeginRecord begin;
  begin.command = CommandId::kDeploy;
  begin.from_target = "releases/1";
  begin.to = Version::ParseOrThrow("2");
  begin.creates = true;
  return begin;
}

EndRecord SomeEnd(bool committed) {
  EndRecord end{.committed = committed,
                .result = committed ? Result::kCommitted : Result::kUndone};
  end.ledger.Activated(Version::ParseOrThrow("2"), {.transaction = 1});
  return end;
}

void RemoveSpares(Fs* fs) {
  for (unsigned i = 1; i <= kSpareRecords; ++i) {
    REQUIRE(fs->RemoveFile(Fs::kRoot, SparePath(i)));
  }
}

// A root with the layout, in which record 1 has begun.
MemFs Begun() {
  MemFs disk;
  InitializeLayout(&disk);
  Journal journal(&disk, 1, Journal::RecordSpace::kNewFile);
  journal.Begin(SomeBegin());
  return disk.Killed();
}

TEST_CASE("a transaction about the release that is live keeps it live") {
  BeginRecord begin = SomeBegin();
  CHECK_FALSE(begin.KeepsLive());
  begin.from_target = "releases/2";
  CHECK(begin.KeepsLive());
  begin.from_target = "../elsewhere/2";
  CHECK_FALSE(begin.KeepsLive());
  begin.from_target = std::nullopt;
  CHECK_FALSE(begin.KeepsLive());
  begin.to = std::nullopt;
  CHECK_FALSE(begin.KeepsLive());
  begin.from_target = "elsewhere";
  CHECK_FALSE(begin.KeepsLive());
}

TEST_CASE("a record is read back in full") {
  MemFs disk;
  InitializeLayout(&disk);
  Journal journal(&disk, 1, Journal::RecordSpace::kNewFile);
  CHECK(journal.number() == 1);
  journal.Begin(SomeBegin());
  CHECK(ReadRecord(&disk, 1).open());
  journal.StepBegun("unpack");
  journal.Step({.name = "unpack", .seconds = 0.5});
  journal.Note("a word");
  journal.Switching();
  journal.End(SomeEnd(true));
  const TransactionRecord record = ReadRecord(&disk, 1);
  CHECK(record.number == 1);
  CHECK(record.begin->to == Version::ParseOrThrow("2"));
  CHECK(record.steps.size() == 1);
  CHECK(record.notes.size() == 1);
  CHECK(record.switching);
  CHECK(record.end->committed);
  CHECK(!record.open());
  CHECK(!record.damaged);
  CHECK(record.good_bytes == ReadFile(&disk, kPath).size());
}

TEST_CASE("begin, switching and the end are durable when they return") {
  MemFs disk;
  InitializeLayout(&disk);
  disk.SyncTree(Fs::kRoot);
  const auto each_cut = [&](auto&& check) {
    disk.ForEachPowerCut([&](MemFs left) {
      REQUIRE(ListRecords(&left) == std::vector<std::uint64_t>{1});
      check(ReadRecord(&left, 1));
    });
  };
  Journal journal(&disk, 1, Journal::RecordSpace::kNewFile);
  journal.Begin(SomeBegin());
  each_cut([](const TransactionRecord& record) { CHECK(record.open()); });
  journal.StepBegun("unpack");
  journal.Switching();
  each_cut([](const TransactionRecord& record) { CHECK(record.switching); });
  journal.End(SomeEnd(false));
  each_cut([](const TransactionRecord& record) {
    REQUIRE(record.end);
    CHECK(!record.end->committed);
  });
}

TEST_CASE("a torn tail of any length is cut off before more is written") {
  const std::string step = StepBegunLine("unpack");
  for (std::size_t torn = 0; torn < step.size(); ++torn) {
    MemFs disk = Begun();
    AppendToFile(&disk, kPath, step.substr(0, torn));
    Journal journal = Journal::Reopen(&disk, 1);
    journal.End(SomeEnd(false));
    const TransactionRecord record = ReadRecord(&disk, 1);
    CHECK(record.begin);
    CHECK(record.end);
    CHECK(!record.damaged);
    CHECK(record.current_step.empty());
  }
}

TEST_CASE("a tail of zeros, as a power cut leaves it, is cut off too") {
  MemFs disk = Begun();
  AppendToFile(&disk, kPath, std::string(4096, '\0'));
  CHECK(ReadRecord(&disk, 1).open());
  CHECK(!ReadRecord(&disk, 1).damaged);
  Journal::Reopen(&disk, 1).End(SomeEnd(false));
  CHECK(ReadRecord(&disk, 1).end);
}

TEST_CASE("a torn tail that ends in a newline is cut off too") {
  MemFs disk = Begun();
  AppendToFile(&disk, kPath, "0123456789abcdef {\"kind\":\"comm\n");
  CHECK(ReadRecord(&disk, 1).open());
  Journal::Reopen(&disk, 1).End(SomeEnd(false));
  const TransactionRecord record = ReadRecord(&disk, 1);
  CHECK(record.end);
  CHECK(!record.damaged);
}

TEST_CASE("a damaged line in the middle counts as absent and is reported") {
  const std::string begin = BeginLine(1, SomeBegin());
  const std::string end = EndLine(SomeEnd(true));
  std::string switching = SwitchingLine();
  const TransactionRecord whole = ParseRecord(begin + switching + end, 1);
  CHECK(whole.switching);
  CHECK(!whole.damaged);
  switching[3] = '?';
  const TransactionRecord record = ParseRecord(begin + switching + end, 1);
  CHECK(!record.switching);
  CHECK(record.end);
  CHECK(record.damaged);
}

TEST_CASE("a record whose beginning is damaged is not open") {
  std::string begin = BeginLine(1, SomeBegin());
  begin[20] ^= 1;
  const TransactionRecord record =
      ParseRecord(begin + SwitchingLine() + StepBegunLine("reload"), 1);
  CHECK(!record.open());
  CHECK(record.damaged);
  CHECK(record.good_bytes > 0);
}

TEST_CASE("an empty text is an empty record") {
  for (const char* text : {"", "\n", "\n\n\n", "garbage", "garbage\n"}) {
    const TransactionRecord record = ParseRecord(text, 1);
    CHECK(!record.open());
    CHECK(!record.end);
    CHECK(record.good_bytes == 0);
  }
}

TEST_CASE("a spare becomes the next record, and its old content is gone") {
  MemFs disk;
  InitializeLayout(&disk);
  REQUIRE(Exists(&disk, kSpare));
  // A spare with text in it: a power cut has lost the rename of a spare that a
  // transaction had begun to use.
  AppendToFile(&disk, kSpare,
               BeginLine(1, SomeBegin()) + EndLine(SomeEnd(true)));
  Journal journal(&disk, 1, Journal::RecordSpace::kSpareFile);
  journal.Begin(SomeBegin());
  CHECK(!Exists(&disk, kSpare));
  const TransactionRecord record = ReadRecord(&disk, 1);
  CHECK(record.open());
  CHECK(!record.damaged);
  CHECK(ReadFile(&disk, kPath) == BeginLine(1, SomeBegin()));
}

TEST_CASE("a record is made without a spare too") {
  MemFs disk;
  InitializeLayout(&disk);
  RemoveSpares(&disk);
  Journal(&disk, 1, Journal::RecordSpace::kSpareFile).Begin(SomeBegin());
  CHECK(ReadRecord(&disk, 1).open());
}

TEST_CASE("a record never overwrites another") {
  MemFs disk = Begun();
  CHECK_THROWS_AS(Journal(&disk, 1, Journal::RecordSpace::kSpareFile), FsError);
  RemoveSpares(&disk);
  CHECK_THROWS_AS(Journal(&disk, 1, Journal::RecordSpace::kSpareFile), FsError);
  CHECK(ReadRecord(&disk, 1).open());
}

TEST_CASE("a record with space of its own does not use up a spare") {
  MemFs disk;
  InitializeLayout(&disk);
  Journal(&disk, 1, Journal::RecordSpace::kNewFile).Begin(SomeBegin());
  CHECK(Exists(&disk, kSpare));

  FaultFs full(&disk);
  full.FailAt(1, ENOSPC, FsCall::kReserve);
  CHECK_THROWS_AS(Journal(&full, 2, Journal::RecordSpace::kNewFile), FsError);
  CHECK(Exists(&disk, kSpare));
  CHECK(ListRecords(&disk) == std::vector<std::uint64_t>{1});
}

TEST_CASE("reserved space that was not needed is freed") {
  const TempDir root;
  PosixFs disk(root.path());
  InitializeLayout(&disk);
  Journal journal(&disk, 1, Journal::RecordSpace::kNewFile);
  journal.Begin(SomeBegin());
  journal.End(SomeEnd(true));
  struct stat info = {};
  const std::string path = root.path() + "/" + kPath;
  REQUIRE(stat(path.c_str(), &info) == 0);
  const auto reserved = info.st_blocks;
  journal.GiveBackRoom();
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK(info.st_blocks < reserved);
  CHECK(ReadRecord(&disk, 1).end);
}

TEST_CASE("an end that may not be durable is taken back completely") {
  MemFs disk;
  InitializeLayout(&disk);
  FaultFs fs(&disk);
  Journal journal(&fs, 1, Journal::RecordSpace::kNewFile);
  journal.Begin(SomeBegin());
  journal.Switching();
  fs.FailAt(1, EIO, FsCall::kSync);
  CHECK_THROWS_AS(journal.End(SomeEnd(true)), FsError);
  journal.TakeBackEnd();
  CHECK(ReadRecord(&disk, 1).open());
  journal.End(SomeEnd(false));
  const TransactionRecord record = ReadRecord(&disk, 1);
  REQUIRE(record.end);
  CHECK(!record.end->committed);
  CHECK(!record.damaged);
}

TEST_CASE("a line that was written in part does not spoil the next") {
  for (const std::size_t part : {1, 10, 30}) {
    MemFs disk;
    InitializeLayout(&disk);
    FaultFs fs(&disk);
    Journal journal(&fs, 1, Journal::RecordSpace::kNewFile);
    journal.Begin(SomeBegin());
    fs.FailWriteAfter(1, part, ENOSPC);
    CHECK_THROWS_AS(journal.StepBegun("unpack"), FsError);
    journal.End(SomeEnd(false));
    const TransactionRecord record = ReadRecord(&disk, 1);
    CHECK(record.end);
    CHECK(!record.damaged);
  }
}

TEST_CASE("a record whose successor could not be counted is not written") {
  MemFs disk;
  InitializeLayout(&disk);
  CHECK_THROWS_AS(Journal(&disk, kRecordLimit, Journal::RecordSpace::kNewFile),
                  FsError);
  CHECK(ListRecords(&disk).empty());
}

TEST_CASE("only records are listed, by number") {
  MemFs disk;
  InitializeLayout(&disk);
  for (const char* name : {"000010.log", "000002.log", "1000000.log",
                           "000003.log.damaged", "notes.txt"}) {
    PutFile(&disk, std::string(kTransactions) + "/" + name, "");
  }
  CHECK(ListRecords(&disk) == std::vector<std::uint64_t>{2, 10, 1'000'000});
}

}  // namespace
}  // namespace release
