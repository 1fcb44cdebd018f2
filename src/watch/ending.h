// How a watch ends, and what follows from a bad release.
#ifndef RELEASE_WATCH_ENDING_H_
#define RELEASE_WATCH_ENDING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "deploy/deploy_context.h"
#include "store/watch_note.h"

namespace release {

struct WatchEnd {
  // The watch at its end; nullopt if there is none over the live release, also
  // because another release went live meanwhile.
  std::optional<WatchNote> note;
  std::optional<Outcome> rollback;  // if one was tried
  // kDone; kFoundWrong if the release was found bad; kNeedsPerson as for a
  // rollback.
  Exit exit = Exit::kDone;
};

// The effects of the transactions after the watched commit.
struct SinceCommit {
  bool service_changed = false;  // one later than the baseline took it up
  bool rollback_tried = false;
  bool reported = false;  // a watch has reported that the release is bad
};

// Throws FsError.
SinceCommit ReadSinceCommit(Fs* fs, const WatchNote& note);

// Writes the end into the note and the record of the commit. The state that is
// returned holds even if neither can be written. Throws nothing.
WatchEnd FinishWatch(DeployContext* context, WatchNote* note, WatchState state,
                     const std::string& text);

// Takes the lock, however long that takes, and rolls the release back or
// reports it, as [watch] act says; each at most once for a commit. Returns
// nullopt, and has changed nothing, if anything is not as at the last look,
// which saw `newest` as the newest record: the next look decides then. Throws
// as LockedRoot does.
std::optional<WatchEnd> ActOnBadRelease(DeployContext* context, WatchNote* note,
                                        std::uint64_t newest);

}  // namespace release

#endif  // RELEASE_WATCH_ENDING_H_
