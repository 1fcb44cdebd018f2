// Record files made beforehand, with room reserved, so that a rollback can be
// recorded on a full disk: several in a row, each takes one.
#ifndef RELEASE_STORE_SPARE_RECORDS_H_
#define RELEASE_STORE_SPARE_RECORDS_H_

#include <cstdint>
#include <string>

#include "os/fs.h"

namespace release {

// Room of a record, in bytes: enough for a deploy with a dozen releases behind
// it.
inline constexpr std::uint64_t kRecordRoom = std::uint64_t{16} * 1024;

// As many in a row as there are releases to go back to by default.
inline constexpr unsigned kSpareRecords = 6;

// Makes an empty file with room reserved. Throws FsError where there is none;
// then no file is left.
void MakeWithRoom(Fs* fs, const std::string& path, std::uint64_t room);

// Gives a spare the name `path`; false where there is none. Where the directory
// has no room for the name, that of another spare is given up for it. Throws
// FsError where that does not help, or the name is taken.
bool TakeSpareRecord(Fs* fs, const std::string& path);

// Makes the spares that are missing. Not durable. Throws FsError where there is
// no room for all of them.
void PrepareSpareRecords(Fs* fs);

}  // namespace release

#endif  // RELEASE_STORE_SPARE_RECORDS_H_
