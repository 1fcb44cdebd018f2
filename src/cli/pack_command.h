// `release pack`: needs no app, no root and no configuration.
#ifndef RELEASE_CLI_PACK_COMMAND_H_
#define RELEASE_CLI_PACK_COMMAND_H_

#include "cli/options.h"

namespace release {

// Writes the archive and its checksum file beside it; both appear whole or not
// at all. Returns the exit status.
int RunPack(const GlobalOptions& global, const PackOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_PACK_COMMAND_H_
