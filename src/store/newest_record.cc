#include "store/newest_record.h"

#include <fmt/format.h>

#include <string>

#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

std::string PathOf(std::uint64_t number) {
  return fmt::format("{}/{}", kTransactions, RecordName(number));
}

// What is remembered while the records are as they are now.
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
  // The clock may not have ticked since that was written, so whoever died right
  // after it is looked for.
  const bool newest = fs->Stat(Fs::kRoot, PathOf(*number)) &&
                      !fs->Stat(Fs::kRoot, PathOf(*number + 1));
  return newest ? number : std::nullopt;
}

void RememberNewest(Fs* fs, std::uint64_t number) {
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, kNewest, OpenMode::kLockFile, 0640));
  // Once it is there itself, since it is one of the entries.
  const std::string text = TextFor(fs, number);
  // Over the text before, whose room it takes.
  fs->Write(file.get(), text);
  fs->Truncate(file.get(), text.size());
}

}  // namespace release
