// A cache of the newest record's number. Listing a directory of ten thousand
// records takes longer than everything else that `status` does.
//
// `transactions/.newest` holds the number, and the time of change (ctime) and
// inode of transactions/. If these still match, no record was added, removed or
// renamed since, by any program, and the number is right. The file is written
// at the end of a transaction and never synced. If it is missing, torn or out
// of date, the caller must list the directory.
#ifndef RELEASE_STORE_NEWEST_RECORD_H_
#define RELEASE_STORE_NEWEST_RECORD_H_

#include <cstdint>
#include <optional>

#include "os/fs.h"

namespace release {

// Returns the number of the newest record, nullopt if the cache does not know
// it. Throws FsError.
std::optional<std::uint64_t> RecallNewest(Fs* fs);

// Stores `number` as that of the newest record. The caller must hold the lock.
// Not durable. If this throws FsError, RecallNewest does not return a wrong
// number.
void RememberNewest(Fs* fs, std::uint64_t number);

}  // namespace release

#endif  // RELEASE_STORE_NEWEST_RECORD_H_
