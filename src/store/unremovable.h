// Remembers which entries of releases/ could not be removed, so that the same
// failure is not reported by every transaction for ever.
#ifndef RELEASE_STORE_UNREMOVABLE_H_
#define RELEASE_STORE_UNREMOVABLE_H_

#include <string>
#include <vector>

#include "os/fs.h"
#include "store/releases.h"

namespace release {

// Returns the messages of the failures that no earlier call returned. Keeps
// their names in .release/unremovable, and forgets an entry that is gone. If
// that file cannot be read or written, returns all messages; throws nothing.
// Not durable: after a power cut a failure may be returned again.
std::vector<std::string> TakeUnreported(Fs* fs,
                                        const RemovalFailures& failures);

// Returns the messages of all failures.
std::vector<std::string> MessagesOf(const RemovalFailures& failures);

}  // namespace release

#endif  // RELEASE_STORE_UNREMOVABLE_H_
