// Compares releases with their manifests, byte by byte, while other commands
// may remove them.
#ifndef RELEASE_INSPECT_VERIFY_RELEASES_H_
#define RELEASE_INSPECT_VERIFY_RELEASES_H_

#include <optional>
#include <string>
#include <vector>

#include "base/manifest.h"
#include "base/version.h"
#include "deploy/deploy_context.h"

namespace release {

struct VerifiedRelease {
  std::string version;
  std::string error;  // why it could not be compared; "" if it was
  std::vector<ManifestDifference> differences;
  bool ok() const { return error.empty() && differences.empty(); }
};

// Returns nullopt if the release is not there, or was removed while it was
// read: retention may do that, so it is no finding. Throws FsError or
// Error kManifestUnreadable if a release that stays cannot be read.
std::optional<VerifiedRelease> VerifyIfThere(DeployContext* context,
                                             const Version& version);

}  // namespace release

#endif  // RELEASE_INSPECT_VERIFY_RELEASES_H_
