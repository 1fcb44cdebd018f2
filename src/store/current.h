// Swaps the link `current` atomically, on a full disk too.
//
// A swap must not need free disk space, so the links are made in advance:
// .release/ holds one symlink for each release that is not live. Their names
// (link-1, link-2, ...) mean nothing; only their targets count. A swap
// exchanges the names of one of them and of `current` (RENAME_EXCHANGE). The
// exchange takes no block, no inode and no directory entry, and it leaves the
// link of the release that was live in .release/, ready for the way back.
#ifndef RELEASE_STORE_CURRENT_H_
#define RELEASE_STORE_CURRENT_H_

#include <set>
#include <string>

#include "base/version.h"
#include "os/fs.h"

namespace release {

// Points `current` at `target`, creating the link if it is missing. A reader
// sees the old link or the new one, never none. Durable on return, also if the
// link already had this target. Throws FsError.
void SwapCurrent(Fs* fs, const std::string& target);

// Makes a link in .release/ for each of `versions` that has none and is not
// live. Not durable: if a power cut loses a link, the swap makes it again.
// Throws FsError if the disk has no room for all of them.
void PrepareLinks(Fs* fs, const std::set<Version>& versions);

// Removes from .release/ every link whose target is not among `versions`, or
// is live, or has another link there. The caller must hold the lock. Not
// durable. Throws FsError.
void RemoveSpentLinks(Fs* fs, const std::set<Version>& versions);

}  // namespace release

#endif  // RELEASE_STORE_CURRENT_H_
