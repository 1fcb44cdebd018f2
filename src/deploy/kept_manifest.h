// The manifest that identifies a release, for thin archives made by it.
#ifndef RELEASE_DEPLOY_KEPT_MANIFEST_H_
#define RELEASE_DEPLOY_KEPT_MANIFEST_H_

#include <string>

#include "base/version.h"
#include "deploy/deploy_context.h"

namespace release {

struct ManifestText {
  std::string text;
  bool stored = false;  // by this call
};

// Returns the text that `pack` wrote. If the release came without one, makes it
// of the release's own manifest and files, without what is shared, and stores
// it, so that a thin archive made by it finds its base. It is not stored while
// another command holds the lock, or if the root cannot be written.
//
// Throws Error kManifestUnreadable if the release's own manifest is missing or
// damaged, and kReleaseAltered if a file that must be
// hashed is no longer as it was unpacked; FsError.
ManifestText KeptManifest(const DeployContext& context, const Version& version);

// Throws Error kManifestMismatch if the text of KeptManifest does not have this
// SHA-256, in hexadecimal; as KeptManifest otherwise.
void RequireManifest(const DeployContext& context, const Version& version,
                     const std::string& sha256);

}  // namespace release

#endif  // RELEASE_DEPLOY_KEPT_MANIFEST_H_
