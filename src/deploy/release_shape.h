// Compares a release that exists already with its manifest.
#ifndef RELEASE_DEPLOY_RELEASE_SHAPE_H_
#define RELEASE_DEPLOY_RELEASE_SHAPE_H_

#include <optional>
#include <string>

#include "base/reason.h"
#include "base/version.h"
#include "deploy/deploy_context.h"

namespace release {

// Compares the names, sizes, modes and link targets; reads no file. Returns a
// warning if anything differs or cannot be compared, nullopt if all is as it
// was published. A release without a manifest, which another tool made, cannot
// be compared and gives no warning. Throws nothing.
Reason DescribeAlteration(DeployContext* context, const Version& version);

// Throws Error kReleaseAltered if an entry of the manifest is missing or
// differs. Returns a warning if there are only entries beside those of the
// manifest, which the service may have made. Throws FsError or
// Error kManifestUnreadable if they cannot be compared.
Reason RequireUnaltered(DeployContext* context, const Version& version);

}  // namespace release

#endif  // RELEASE_DEPLOY_RELEASE_SHAPE_H_
