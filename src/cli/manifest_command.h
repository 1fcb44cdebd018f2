// `release manifest`: prints the manifest that a thin archive is made by.
#ifndef RELEASE_CLI_MANIFEST_COMMAND_H_
#define RELEASE_CLI_MANIFEST_COMMAND_H_

#include "cli/options.h"

namespace release {

// Prints the text, or only its digest. With --json only the digest, too: the
// text is data of its own. Returns 0. Throws Error kNoSuchRelease, and the
// errors of KeptManifest.
int RunManifest(const GlobalOptions& global, const ManifestOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_MANIFEST_COMMAND_H_
