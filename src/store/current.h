// The link `current`: how it is swapped, on a full disk too.
//
// Nothing is made for a swap where that can be helped. The links that are not
// `current` stand ready in .release/, one for each release, under names of no
// meaning: what a link says is what counts. A swap lets one of them and
// `current` trade names in one step, so it takes no block, no inode and no room
// in a directory, and the link of the release that was live stands ready for
// the way back.
#ifndef RELEASE_STORE_CURRENT_H_
#define RELEASE_STORE_CURRENT_H_

#include <set>
#include <string>

#include "base/version.h"
#include "os/fs.h"

namespace release {

// Points `current` at `target`, making it where it is missing: no reader ever
// finds it missing in between. Durable on return.
void SwapCurrent(Fs* fs, const std::string& target);

// Makes a link for each of `versions` that has none and is not live. Not
// durable: one that is lost is made when it is needed. Throws FsError where
// there is no room for all.
void PrepareLinks(Fs* fs, const std::set<Version>& versions);

// Removes the links of what is not among `versions`, of what is live, and of
// what has another. Needs the lock.
void RemoveSpentLinks(Fs* fs, const std::set<Version>& versions);

}  // namespace release

#endif  // RELEASE_STORE_CURRENT_H_
