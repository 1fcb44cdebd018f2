#include "store/newest_record.h"

#include <fmt/format.h>

#include <string>

#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

// The content of .newest for the directory as it is now. The inode matters when
// a copy of the directory was put in its place.
std::string TextFor(Fs* fs, std::uint64_t number) {
  const auto info = fs->Stat(Fs::kRoot, kTransactions);
  return fmt::format("{} {} {}\n", RecordName(number), info ? info->changed : 0,
                     info ? info->inode : 0);
}

}  // namespace

std::optional<std::uint64_t> RecallNewest(Fs* fs) {
  if (!fs->Stat(Fs::kRoot, kNewest)) return std::nullopt;
  const std::string text = ReadFile(fs, kNewest);
  const auto number = ParseRecordName(text.substr(0, text.find(' ')));
  if (!number || text != TextFor(fs, *number)) return std::nullopt;
  // ctime has a resolution of a few milliseconds. A transaction that began and
  // died within the same tick did not change it, so look for the next record.
  const bool newest = fs->Stat(Fs::kRoot, RecordPath(*number)) &&
                      !fs->Stat(Fs::kRoot, RecordPath(*number + 1));
  return newest ? number : std::nullopt;
}

void RememberNewest(Fs* fs, std::uint64_t number) {
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, kNewest, OpenMode::kLockFile, 0640));
  // Read the time only now: creating .newest changes the directory too.
  const std::string text = TextFor(fs, number);
  // Overwrite the old text, which needs no new block on a full disk.
  fs->Write(file.get(), text);
  fs->Truncate(file.get(), text.size());
}

}  // namespace release
