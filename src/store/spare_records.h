// Record files made in advance with disk space reserved, so that a rollback can
// be recorded on a full disk. Each transaction that uses one takes it by
// rename, which needs no free inode or block.
#ifndef RELEASE_STORE_SPARE_RECORDS_H_
#define RELEASE_STORE_SPARE_RECORDS_H_

#include <cstdint>
#include <string>

#include "os/fs.h"

namespace release {

// The space reserved for a record, in bytes: enough for a deploy when a dozen
// releases are in the ledger.
inline constexpr std::uint64_t kRecordRoom = std::uint64_t{16} * 1024;

// The rollbacks in a row on a full disk: as many as there are releases to go
// back to by default.
inline constexpr unsigned kRollbacksOnFullDisk = 6;
// There is one more, because a directory that must grow takes the place of one.
inline constexpr unsigned kSpareRecords = kRollbacksOnFullDisk + 1;

// Makes an empty file and reserves `room` bytes for it; reserves nothing if the
// file system cannot. Throws FsError if the disk has no room; then it leaves no
// file. Not durable.
void MakeWithRoom(Fs* fs, const std::string& path, std::uint64_t room);

// Renames a spare to `path`. Returns false if there is no spare. If the
// directory has no room for the new name, removes another spare to make some.
// Throws FsError if that does not help, or if the name is taken. Not durable.
bool TakeSpareRecord(Fs* fs, const std::string& path);

// Makes the spares that are missing. Not durable. Throws FsError if the disk
// has no room for all of them.
void PrepareSpareRecords(Fs* fs);

}  // namespace release

#endif  // RELEASE_STORE_SPARE_RECORDS_H_
