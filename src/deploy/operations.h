// What the commands do that change something.
//
// Each takes the lock, settles what was left unfinished, and records itself.
// Each throws only where no transaction could be begun; then nothing changed.
#ifndef RELEASE_DEPLOY_OPERATIONS_H_
#define RELEASE_DEPLOY_OPERATIONS_H_

#include <optional>
#include <string>

#include "base/version.h"
#include "deploy/archive_request.h"
#include "deploy/deploy_context.h"

namespace release {

Outcome Deploy(DeployContext* context, ArchiveRequest request,
               std::optional<Duration> confirm_within = std::nullopt);
Outcome Stage(DeployContext* context, ArchiveRequest request);
Outcome Activate(DeployContext* context, const Version& version,
                 std::optional<Duration> confirm_within = std::nullopt);

// To `version`, or to the release that was live and good before the present
// one. The one left is withdrawn, for `reason`.
Outcome Rollback(DeployContext* context, const std::optional<Version>& version,
                 const std::string& reason);

Outcome Prune(DeployContext* context);
Outcome Pin(DeployContext* context, const Version& version, bool pinned);

// Settles what was left unfinished and collects garbage; the outcome is that
// of the transaction it settled, or kDone with the result "nothing".
Outcome RecoverNow(DeployContext* context, bool with_service);

// Makes the layout where it is missing, in a root that exists. True where
// something was made. Durable on return.
bool InitializeLayout(Fs* fs);

// Tells the running transaction that its release may stay, or that it must
// stop. Throws Error kNothingRunning where none is running.
// Each returns the number of that transaction.
std::uint64_t Confirm(Fs* fs);
std::uint64_t Abort(Fs* fs);
std::uint64_t RunningTransaction(Fs* fs);

}  // namespace release

#endif  // RELEASE_DEPLOY_OPERATIONS_H_
