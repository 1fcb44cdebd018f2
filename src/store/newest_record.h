// Which record is the newest, without a look at all of them: to list ten
// thousand takes longer than all else that `status` does.
//
// `transactions/.newest` has its number, and the time at which the directory of
// the records changed last. As long as the directory has that time no record
// was added, removed or renamed, by whomever, and the number holds. It is
// written at the end of a transaction and never synced: where it is missing,
// torn or behind, the directory is listed.
#ifndef RELEASE_STORE_NEWEST_RECORD_H_
#define RELEASE_STORE_NEWEST_RECORD_H_

#include <cstdint>
#include <optional>

#include "os/fs.h"

namespace release {

// Nothing where it is not known.
std::optional<std::uint64_t> RecallNewest(Fs* fs);

// `number` is the newest now. Needs the lock. Throws FsError; what was
// remembered before does not hold then.
void RememberNewest(Fs* fs, std::uint64_t number);

}  // namespace release

#endif  // RELEASE_STORE_NEWEST_RECORD_H_
