// Examines whether deploys and rollbacks will work on this host with this
// configuration. Changes nothing. The state of the releases themselves is
// reported by inspect/status.h.
#ifndef RELEASE_INSPECT_CHECK_H_
#define RELEASE_INSPECT_CHECK_H_

#include <vector>

#include "deploy/deploy_context.h"
#include "inspect/finding.h"

namespace release {

// Returns a finding for everything that was examined, also if it is in order.
// An error in a check is a finding too, and the other checks still run; but
// throws FsError if the root or `current` cannot be examined at all.
std::vector<Finding> CheckHost(DeployContext* context);

}  // namespace release

#endif  // RELEASE_INSPECT_CHECK_H_
