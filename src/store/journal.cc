#include "store/journal.h"

#include <algorithm>
#include <cerrno>

#include "store/durable.h"
#include "store/layout.h"
#include "store/record_text.h"
#include "store/spare_records.h"

namespace release {

bool BeginRecord::KeepsLive() const {
  return to && from_target && VersionOfTarget(*from_target) == to;
}

std::string TransactionRecord::StepText() const {
  if (!undo_step.empty()) return undo_step + " of the undo";
  return current_step.empty() ? "begin" : current_step;
}

TransactionRecord ParseRecord(std::string_view text, std::uint64_t number) {
  TransactionRecord record;
  record.number = number;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    if (AddLine(text.substr(at, end - at), &record)) {
      record.good_bytes = end + 1;
    } else {
      // A crash cuts the last line before its line break. A line that has one
      // was complete once, so it was damaged later.
      record.damaged = true;
    }
    at = end + 1;
  }
  return record;
}

TransactionRecord ReadRecord(Fs* fs, std::uint64_t number) {
  return ParseRecord(ReadFile(fs, RecordPath(number)), number);
}

std::vector<std::uint64_t> ListRecords(Fs* fs) {
  std::vector<std::uint64_t> numbers;
  for (const DirEntry& entry : fs->List(Fs::kRoot, kTransactions)) {
    if (auto number = ParseRecordName(entry.name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void SyncRecord(Fs* fs, std::uint64_t number) {
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, RecordPath(number), OpenMode::kAppend));
  fs->Sync(file.get());
  SyncDirectory(fs, kTransactions);
}

std::uint64_t NewestNumber(Fs* fs) {
  std::uint64_t newest = 0;
  for (const DirEntry& entry : fs->List(Fs::kRoot, kTransactions)) {
    std::string_view name = entry.name;
    if (name.ends_with(kDamagedSuffix)) {
      name.remove_suffix(kDamagedSuffix.size());
    }
    newest = std::max(newest, ParseRecordName(name).value_or(0));
  }
  return newest;
}

Journal::Journal(Fs* fs, std::uint64_t number, RecordSpace room)
    : fs_(fs), number_(number) {
  const std::string path = RecordPath(number);
  if (number >= kRecordLimit) throw FsError("create", path, EOVERFLOW);
  const bool spare =
      room == RecordSpace::kSpareFile && TakeSpareRecord(fs, path);
  if (!spare) MakeWithRoom(fs, path, kRecordRoom);
  // Open for appending, so that a write after TakeBackEnd continues at the new
  // end instead of leaving a hole.
  file_ = ScopedHandle(fs, fs->Open(Fs::kRoot, path, OpenMode::kAppend));
  // The spare may hold text: if a power cut loses the rename of a spare that a
  // transaction had begun to write, it comes back under its old name.
  if (spare && fs->Stat(Fs::kRoot, path)->size != 0) {
    fs->Truncate(file_.get(), 0);
  }
}

Journal Journal::Reopen(Fs* fs, std::uint64_t number) {
  const std::string path = RecordPath(number);
  Journal journal(
      fs, number,
      ScopedHandle(fs, fs->Open(Fs::kRoot, path, OpenMode::kAppend)));
  const std::string text = ReadFile(fs, path);
  journal.size_ = ParseRecord(text, number).good_bytes;
  // Cut off a partial line; otherwise the next line would be appended to it and
  // both would be lost.
  if (journal.size_ != text.size()) {
    fs->Truncate(journal.file_.get(), journal.size_);
  }
  return journal;
}

// Appends one line. `torn_` is set during the write, so that it stays set if
// the write throws.
void Journal::Append(const std::string& line) {
  if (torn_) {
    // Cut off the partial line; otherwise this line would be appended to it and
    // both would be lost.
    fs_->Truncate(file_.get(), size_);
  }
  torn_ = true;
  fs_->Write(file_.get(), line);
  torn_ = false;
  size_ += line.size();
}

void Journal::Sync() {
  // Sync the bytes before the name, so that a record with a name never turns up
  // empty.
  fs_->Sync(file_.get());
  if (named_) return;
  // Sync the name before the transaction changes anything: recovery can undo
  // only what it has a record of.
  SyncDirectory(fs_, kTransactions);
  named_ = true;
}

void Journal::Begin(const BeginRecord& begin, Beginning beginning) {
  Append(BeginLine(number_, begin));
  if (beginning == Beginning::kAtOnce) Sync();
}

void Journal::Abandon() { fs_->RemoveFile(Fs::kRoot, RecordPath(number_)); }

void Journal::StepBegun(const std::string& name, StepPhase phase,
                        std::int64_t until) {
  Append(StepBegunLine(name, phase, until));
}

void Journal::Step(const StepRecord& step, StepPhase phase) {
  Append(StepLine(step, phase));
}

void Journal::Note(const std::string& text) { Append(NoteLine(text)); }

void Journal::Tree(std::uint64_t inode) { Append(TreeLine(inode)); }

void Journal::Starting(ServiceBefore before) {
  Append(StartingLine(before));
  // The instance may take long to prove itself, and the history must know of a
  // transaction that a power cut ends meanwhile.
  if (!named_) Sync();
}

void Journal::Switching(ServiceBefore before) {
  Append(SwitchingLine(before));
  // Make the intent durable before the swap. From here on recovery assumes that
  // the service may have seen the new release, and reloads it.
  Sync();
}

void Journal::End(const EndRecord& end) {
  size_before_end_ = size_;
  Append(EndLine(end));
  // Make the outcome durable before it is reported.
  Sync();
}

void Journal::TakeBackEnd() {
  fs_->Truncate(file_.get(), size_before_end_);
  size_ = size_before_end_;
  torn_ = false;
}

void Journal::GiveBackRoom() { fs_->Truncate(file_.get(), size_); }

}  // namespace release
