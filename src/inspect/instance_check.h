// The part of `release check` about instances.
#ifndef RELEASE_INSPECT_INSTANCE_CHECK_H_
#define RELEASE_INSPECT_INSTANCE_CHECK_H_

#include <optional>
#include <vector>

#include "base/version.h"
#include "deploy/deploy_context.h"
#include "inspect/finding.h"

namespace release {

// Examines the template unit, the units that drain and that start at boot,
// whether [instances] front_user reaches the socket of the live instance, and
// whether a second instance has enough memory. `live` is the live release.
// Throws Error if the system does not answer.
std::vector<Finding> CheckInstances(DeployContext* context,
                                    const std::optional<Version>& live);

}  // namespace release

#endif  // RELEASE_INSPECT_INSTANCE_CHECK_H_
