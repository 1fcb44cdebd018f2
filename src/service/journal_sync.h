// Brings the system's journal up to date before it is read.
#ifndef RELEASE_SERVICE_JOURNAL_SYNC_H_
#define RELEASE_SERVICE_JOURNAL_SYNC_H_

#include "os/runner.h"

namespace release {

// Waits, for two seconds at most, until journald has read what was written
// before this call. On a busy machine it lags behind a service that has just
// ended. Only root may ask for that; a failure is ignored, and then the newest
// lines may be missing.
void SyncJournal(Runner* runner);

}  // namespace release

#endif  // RELEASE_SERVICE_JOURNAL_SYNC_H_
