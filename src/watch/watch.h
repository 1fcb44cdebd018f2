// The minutes after the commit: looks at the live release again and again, and
// acts once if it has turned out bad.
//
// The process that runs the watch may die at any moment and be started again.
// Only the records decide whether it may act: it rolls back at most once for a
// commit, under the lock, and only if nothing has changed since its last look.
#ifndef RELEASE_WATCH_WATCH_H_
#define RELEASE_WATCH_WATCH_H_

#include <functional>

#include "deploy/deploy_context.h"
#include "store/watch_note.h"
#include "watch/ending.h"
#include "watch/look.h"

namespace release {

// Runs the watch over the live release until it ends, waiting for a transaction
// that is under way first. Counts its looks in the note, so that another run
// goes on with those that are left. Calls `report` after each look.
//
// At the end a bad release is reported by a transaction of its own, or rolled
// back if [watch] act says so; other ends are noted in the record of the
// commit. Throws Error kBusy if another process runs the watch, kInterrupted,
// and as LockedRoot does.
WatchEnd RunWatch(
    DeployContext* context,
    const std::function<void(const WatchNote&, const Look&)>& report);

}  // namespace release

#endif  // RELEASE_WATCH_WATCH_H_
