#include "store/folded_records.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "deploy/operations.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/record_text.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

using Numbers = std::vector<std::uint64_t>;

// A root with records 1 to `last`, each of an undone deploy of that version.
struct Records {
  explicit Records(std::uint64_t last) {
    InitializeLayout(&disk);
    for (std::uint64_t number = 1; number <= last; ++number) {
      BeginRecord begin{.command = CommandId::kDeploy};
      begin.at = static_cast<std::int64_t>(number);
      begin.to = Version::Parse(std::to_string(number));
      EndRecord end{.result = Result::kUndone, .message = "no"};
      end.ledger.Staged(*begin.to, 1, {.transaction = number});
      PutFile(&disk, RecordPath(number),
              BeginLine(number, begin) + SwitchingLine() +
                  StepLine({.name = "health", .seconds = 1}) + EndLine(end));
    }
    disk.SyncTree(Fs::kRoot);
  }
  Numbers Folded() { return NumbersOf(&disk); }
  static Numbers NumbersOf(Fs* fs) {
    Numbers numbers;
    for (const TransactionRecord& each : ReadFoldedRecords(fs)) {
      numbers.push_back(each.number);
    }
    return numbers;
  }

  MemFs disk;
};

}  // namespace

TEST_CASE("old records are folded, but not those that a note names") {
  Records records(10);
  Fs* fs = &records.disk;
  PutFile(fs, UploadNotePath(2), "");
  PutFile(fs, RecordPath(1) + ".damaged", "");
  FoldRecords(fs, 10, 10);
  CHECK(ListRecords(fs).size() == 10);
  CHECK(!Exists(fs, kFoldedRecords));
  FoldRecords(fs, 10, 7);
  CHECK(ListRecords(fs) == Numbers{2, 4, 5, 6, 7, 8, 9, 10});
  CHECK(records.Folded() == Numbers{3, 1});
  CHECK(Exists(fs, RecordPath(1) + ".damaged"));
}

TEST_CASE("a folded record says how it began and ended, without the ledger") {
  Records records(5);
  FoldRecords(&records.disk, 5, 3);
  const TransactionRecord record = ReadFoldedRecords(&records.disk).back();
  CHECK(record.number == 1);
  CHECK(record.begin->command == CommandId::kDeploy);
  CHECK(record.begin->to == Version::Parse("1"));
  CHECK(record.switching);
  CHECK(record.end->result == Result::kUndone);
  CHECK(record.end->message == "no");
  CHECK(record.end->ledger == Ledger());
  CHECK(record.steps.empty());
}

TEST_CASE("a long history is folded a thousandth at a time") {
  Records records(2'003);
  Fs* fs = &records.disk;
  FoldRecords(fs, 2'001, 2'000);
  CHECK(!Exists(fs, kFoldedRecords));
  FoldRecords(fs, 2'003, 2'000);
  CHECK(records.Folded() == Numbers{3, 2, 1});
}

TEST_CASE("a backlog is folded a thousand at a time") {
  Records records(1'250);
  FoldRecords(&records.disk, 1'250, 100);
  CHECK(records.Folded().size() == 1'000);
  FoldRecords(&records.disk, 1'250, 100);
  CHECK(records.Folded().size() == 1'150);
}

TEST_CASE("wherever power fails, each transaction is there once") {
  Records records(6);
  for (std::size_t calls = 0;; ++calls) {
    MemFs disk = records.disk;
    disk.CrashAfter(calls);
    bool finished = true;
    try {
      FoldRecords(&disk, 6, 3);
    } catch (const CrashNow&) {
      finished = false;
    }
    disk.ForEachPowerCut([](MemFs left) {
      const auto check = [&] {
        Numbers all = Records::NumbersOf(&left);
        const Numbers files = ListRecords(&left);
        all.insert(all.end(), files.begin(), files.end());
        std::sort(all.begin(), all.end());
        CHECK(all == Numbers{1, 2, 3, 4, 5, 6});
      };
      check();
      FoldRecords(&left, 6, 3);
      check();
      // Control: a record that is in neither place is missed.
      left.RemoveFile(Fs::kRoot, RecordPath(6));
      CHECK(Records::NumbersOf(&left).size() + ListRecords(&left).size() == 5);
    });
    if (finished) break;
  }
}

TEST_CASE("a line that is damaged is left out, and no other") {
  Records records(6);
  FoldRecords(&records.disk, 6, 3);
  std::string text = ReadFile(&records.disk, kFoldedRecords);
  text[text.find('\n') + 30] ^= 1;
  records.disk.RemoveFile(Fs::kRoot, kFoldedRecords);
  PutFile(&records.disk, kFoldedRecords, text + "half a li");
  CHECK(records.Folded() == Numbers{3, 1});
}

TEST_CASE("the history is bounded: its older half is dropped") {
  Records records(3);
  const std::string line = FoldedLine(ReadRecord(&records.disk, 1));
  std::string history;
  while (history.size() < (std::size_t{8} << 20)) history += line;
  PutFile(&records.disk, kFoldedRecords, history);
  FoldRecords(&records.disk, 3, 1);
  const std::string left = ReadFile(&records.disk, kFoldedRecords);
  CHECK(left.size() < (std::size_t{5} << 20));
  CHECK(left.starts_with(line));
  CHECK(records.Folded() == Numbers{2, 1});
}

}  // namespace release
