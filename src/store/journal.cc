#include "store/journal.h"

#include <algorithm>

#include "store/durable.h"
#include "store/layout.h"
#include "store/record_text.h"
#include "store/spare_records.h"

namespace release {
namespace {

std::string RecordPath(std::uint64_t number) {
  return std::string(kTransactions) + "/" + RecordName(number);
}

}  // namespace

TransactionRecord ParseRecord(std::string_view text, std::uint64_t number) {
  TransactionRecord record;
  record.number = number;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    if (AddLine(text.substr(at, end - at), &record)) {
      record.good_bytes = end + 1;
    } else {
      // A crash tears the last line before its end; a whole one was damaged.
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
  const bool spare =
      room == RecordSpace::kSpareFile && TakeSpareRecord(fs, path);
  if (!spare) MakeWithRoom(fs, path, kRecordRoom);
  // For appending: what is taken back must leave no hole behind.
  file_ = ScopedHandle(fs, fs->Open(Fs::kRoot, path, OpenMode::kAppend));
  // A spare that a killed transaction had begun to use is not empty.
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
  // A torn line would swallow the one appended to it.
  if (journal.size_ != text.size()) {
    fs->Truncate(journal.file_.get(), journal.size_);
  }
  return journal;
}

void Journal::Append(const std::string& line) {
  if (torn_) {
    // A line written in part would swallow the one appended to it.
    fs_->Truncate(file_.get(), size_);
  }
  torn_ = true;
  fs_->Write(file_.get(), line);
  torn_ = false;
  size_ += line.size();
}

void Journal::Sync() {
  // The record's bytes before its name: a named record is never empty.
  fs_->Sync(file_.get());
  if (named_) return;
  // The name before anything it must be able to undo.
  SyncDirectory(fs_, kTransactions);
  named_ = true;
}

void Journal::Begin(const BeginRecord& begin, Beginning beginning) {
  Append(BeginLine(number_, begin));
  if (beginning == Beginning::kAtOnce) Sync();
}

void Journal::Abandon() { fs_->RemoveFile(Fs::kRoot, RecordPath(number_)); }

void Journal::StepBegun(const std::string& name) {
  Append(StepBegunLine(name));
}

void Journal::Step(const StepRecord& step) { Append(StepLine(step)); }

void Journal::Note(const std::string& text) { Append(NoteLine(text)); }

void Journal::Tree(std::uint64_t inode) { Append(TreeLine(inode)); }

void Journal::Switching() {
  Append(SwitchingLine());
  // The intent before the swap: recovery must know to reload the service.
  Sync();
}

void Journal::End(const EndRecord& end) {
  size_before_end_ = size_;
  Append(EndLine(end));
  // The outcome before it is reported.
  Sync();
}

void Journal::TakeBackEnd() {
  fs_->Truncate(file_.get(), size_before_end_);
  size_ = size_before_end_;
  torn_ = false;
}

void Journal::GiveBackRoom() { fs_->Truncate(file_.get(), size_); }

}  // namespace release
