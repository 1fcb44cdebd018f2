#include "store/spare_records.h"

#include <cerrno>
#include <vector>

#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

// The least space, in bytes, that a rollback's record needs.
constexpr std::uint64_t kLeastRoom = std::uint64_t{8} * 1024;

std::vector<std::string> SparesThere(Fs* fs) {
  std::vector<std::string> there;
  for (unsigned i = 1; i <= kSpareRecords; ++i) {
    if (fs->Stat(Fs::kRoot, SparePath(i))) there.push_back(SparePath(i));
  }
  return there;
}

}  // namespace

void MakeWithRoom(Fs* fs, const std::string& path, std::uint64_t room) {
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, path, OpenMode::kCreateNew, 0640));
  try {
    fs->Reserve(file.get(), room);
  } catch (const FsError& error) {
    // This file system cannot reserve space; a file without it must do.
    if (error.error_number() == EOPNOTSUPP) return;
    // Remove the file: a later command would take it for one with space.
    fs->RemoveFile(Fs::kRoot, path);
    throw;
  }
}

bool TakeSpareRecord(Fs* fs, const std::string& path) {
  const std::vector<std::string> spares = SparesThere(fs);
  if (spares.empty()) return false;
  const auto take = [&] {
    RenameToFreeName(fs, Fs::kRoot, spares.front(), Fs::kRoot, path);
  };
  try {
    take();
  } catch (const FsError& error) {
    if (error.code() != ErrorCode::kNoSpace || spares.size() == 1) throw;
    fs->RemoveFile(Fs::kRoot, spares.back());
    // Sync first: some file systems reuse freed space only after the removal is
    // durable.
    SyncDirectory(fs, kTransactions);
    take();
  }
  return true;
}

void PrepareSpareRecords(Fs* fs) {
  for (unsigned i = 1; i <= kSpareRecords; ++i) {
    if (fs->Stat(Fs::kRoot, SparePath(i))) continue;
    // On a disk that is almost full, a small spare is better than none.
    const bool scarce = fs->Space().free_bytes < kRecordRoom;
    MakeWithRoom(fs, SparePath(i), scarce ? kLeastRoom : kRecordRoom);
  }
}

}  // namespace release
