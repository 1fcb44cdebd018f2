// The release that is watched in the minutes after its commit.
//
// The transaction begins the watch directly before it commits, and the process
// that watches waits for its lock. A transaction that dies or is undone leaves
// a note about a commit that never came, which counts as none. Therefore every
// durable commit is watched, and nothing else is.
#ifndef RELEASE_DEPLOY_WATCHED_RELEASE_H_
#define RELEASE_DEPLOY_WATCHED_RELEASE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/reason.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "store/watch_note.h"

namespace release {

// "release-watch@shop.service".
std::string WatchUnit(const Config& config);

// The unit that runs the release; "" if [service] names none.
std::string UnitOfRelease(const Config& config, const Version& version);

// Returns how many errors the unit of the live release logged in the busiest of
// the last ten minutes; 0 if that is not known. Call before the switch.
unsigned ErrorsBeforeSwitch(const DeployContext& context,
                            const std::optional<Version>& live);

// Returns the service as it runs now, with `errors` as the count before the
// switch. Fields that are not known are empty.
WatchBaseline TakeBaseline(const DeployContext& context, const Version& version,
                           unsigned errors);

// Begins the watch over `version`, which `transaction` is about to commit, and
// queues the start of its unit. The note is durable on return. Returns a
// warning if the release will not be watched; throws nothing.
std::vector<std::string> BeginWatch(DeployContext* context,
                                    const Version& version,
                                    std::uint64_t transaction,
                                    unsigned errors_before);

// Has systemd go on with the watch over the live release, if it has not ended:
// after a boot nothing else does. The caller must not hold the lock. Returns
// why it could not be asked.
Reason ResumeWatch(DeployContext* context);

// Returns the watch that the commit of the live release began, with the request
// to stop it as its end. Returns nullopt if there was none, or if anything else
// went live since. Throws FsError.
std::optional<WatchNote> FindWatch(Fs* fs, const DeploymentState& state);

}  // namespace release

#endif  // RELEASE_DEPLOY_WATCHED_RELEASE_H_
