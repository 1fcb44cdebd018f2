// Uploads that did not go live: incoming/rejected/.
//
// For each there is X.reason.json, and the files of the upload as long as they
// are kept. A reason is written before its upload comes and removed after it,
// so that nothing lies there without one.
#ifndef RELEASE_DROPBOX_REJECTED_H_
#define RELEASE_DROPBOX_REJECTED_H_

#include <string>
#include <vector>

#include "os/fs.h"

namespace release {

// How many of the latest are kept; whoever uploads has the archive anyway, so
// of more of them only the reason.
inline constexpr std::size_t kKeptUploads = 10;
inline constexpr std::size_t kKeptReasons = 100;

// Moves the files of an upload there, `reason` beside them. The latest of a
// name replaces the one before. Not durable: what a crash leaves in incoming/
// is ready still.
void Reject(Fs* fs, const std::string& upload, const std::string& reason);

// Lets go what is too much, the oldest first: uploads beyond the latest
// kKeptUploads, then as many as it takes until those that are left need no more
// room than is free on the disk; and reasons beyond the latest kKeptReasons.
// Files without a reason are somebody else's and stay. Returns what could not
// be done.
std::vector<std::string> BoundRejected(Fs* fs);

}  // namespace release

#endif  // RELEASE_DROPBOX_REJECTED_H_
