// `release pack`: makes an archive of a directory. Needs no app, root or
// configuration.
#ifndef RELEASE_CLI_PACK_COMMAND_H_
#define RELEASE_CLI_PACK_COMMAND_H_

#include "cli/options.h"

namespace release {

// Writes the archive, and beside it its checksum file. Each appears complete or
// not at all, and both are durable on return. Returns 0; the same tree always
// gives the same bytes. Throws Error kUsage if the output's name or place does
// not fit, and the errors of ManifestOfTree and WriteArchive.
int RunPack(const GlobalOptions& global, const PackOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_PACK_COMMAND_H_
