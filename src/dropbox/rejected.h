// Uploads that did not go live. They are kept in incoming/rejected/.
//
// Each upload X there has a reason, X.reason.json, and its own files as long as
// they are kept. The reason is written before the files arrive and removed
// after them, so that a killed process leaves no file without a reason.
#ifndef RELEASE_DROPBOX_REJECTED_H_
#define RELEASE_DROPBOX_REJECTED_H_

#include <string>
#include <vector>

#include "os/fs.h"

namespace release {

// The number of the latest uploads whose files are kept, and of the latest
// reasons. More reasons are kept, because the uploader still has the archive.
inline constexpr std::size_t kKeptUploads = 10;
inline constexpr std::size_t kKeptReasons = 100;

// Moves the files of an upload to incoming/rejected/ and writes `reason` beside
// them. Replaces an earlier upload of the same name. Throws FsError, and
// Error kRootUnsafe if incoming/rejected is a link, or a directory that another
// user owns: it is not used then. Not durable on return: if a crash leaves the
// checksum in incoming/, the upload is still ready and is tried again.
void Reject(Fs* fs, const std::string& upload, const std::string& reason);

// Trims incoming/rejected/, unless it is not ours. Removes the files of all but
// the latest kKeptUploads uploads, then those of the oldest until the files
// that remain take no more space than is free on the disk, and all but the
// latest kKeptReasons reasons. Keeps files without a reason: somebody else put
// them there. Returns a message for each failure, and throws nothing. Not
// durable on return.
std::vector<std::string> TrimRejected(Fs* fs);

}  // namespace release

#endif  // RELEASE_DROPBOX_REJECTED_H_
