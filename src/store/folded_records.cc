#include "store/folded_records.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "os/path_rules.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/record_text.h"

namespace release {
namespace {

constexpr std::size_t kMostAtOnce = 1'000;
constexpr std::size_t kMostBytes = std::size_t{8} << 20;

std::string ReadHistory(Fs* fs) {
  return fs->Stat(Fs::kRoot, kFoldedRecords) ? ReadFile(fs, kFoldedRecords)
                                             : "";
}

std::vector<std::uint64_t> RecordsUpTo(Fs* fs, std::uint64_t last) {
  std::vector<std::uint64_t> numbers = ListRecords(fs);
  std::erase_if(numbers, [&](std::uint64_t number) {
    return number > last || fs->Stat(Fs::kRoot, UploadNotePath(number));
  });
  if (numbers.size() > kMostAtOnce) numbers.resize(kMostAtOnce);
  return numbers;
}

void DropOlderHalf(std::string* history) {
  history->erase(0, history->find('\n', history->size() / 2) + 1);
}

}  // namespace

void FoldRecords(Fs* fs, std::uint64_t newest, std::uint64_t keep) {
  const std::uint64_t waiting = keep / 1'000;
  if (newest <= keep + waiting) return;
  // This look spares a listing of thousands of names. A number without a
  // record only puts the work off until the next transaction.
  if (!fs->Stat(Fs::kRoot, RecordPath(newest - keep - waiting))) return;
  const std::vector<std::uint64_t> numbers = RecordsUpTo(fs, newest - keep);
  if (numbers.empty()) return;
  std::string history = ReadHistory(fs);
  for (const std::uint64_t number : numbers) {
    history += FoldedLine(ReadRecord(fs, number));
  }
  if (history.size() > kMostBytes) DropOlderHalf(&history);
  WriteFileAtomically(fs, kOwn, std::string(LeafOf(kFoldedRecords)), history,
                      0640);
  SyncDirectory(fs, kOwn);
  for (const std::uint64_t number : numbers) {
    fs->RemoveFile(Fs::kRoot, RecordPath(number));
  }
}

std::vector<TransactionRecord> ReadFoldedRecords(Fs* fs) {
  // After a crash a transaction may have its line twice, or its file, too.
  std::map<std::uint64_t, TransactionRecord> records;
  const std::string history = ReadHistory(fs);
  std::string_view rest = history;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    auto record = ParseFoldedLine(line);
    if (record) records.insert_or_assign(record->number, std::move(*record));
  }
  for (const std::uint64_t number : ListRecords(fs)) records.erase(number);
  std::vector<TransactionRecord> newest_first;
  for (auto it = records.rbegin(); it != records.rend(); ++it) {
    newest_first.push_back(std::move(it->second));
  }
  return newest_first;
}

}  // namespace release
