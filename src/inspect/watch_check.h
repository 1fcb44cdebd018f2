// Examines, for `release check`, whether the host can run the watch.
#ifndef RELEASE_INSPECT_WATCH_CHECK_H_
#define RELEASE_INSPECT_WATCH_CHECK_H_

#include <vector>

#include "deploy/deploy_context.h"
#include "inspect/finding.h"

namespace release {

// Returns no finding without [watch].
std::vector<Finding> CheckWatch(DeployContext* context);

}  // namespace release

#endif  // RELEASE_INSPECT_WATCH_CHECK_H_
