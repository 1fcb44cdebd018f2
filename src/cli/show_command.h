// `release show`.
#ifndef RELEASE_CLI_SHOW_COMMAND_H_
#define RELEASE_CLI_SHOW_COMMAND_H_

#include "cli/options.h"

namespace release {

// Prints everything about a release or, if no release has that name, about the
// transaction with that number. Returns 0. Throws Error kNoSuchRelease if there
// is neither, kVersionInvalid, and as ReadReleaseFacts does.
int RunShow(const GlobalOptions& global, const ShowOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_SHOW_COMMAND_H_
