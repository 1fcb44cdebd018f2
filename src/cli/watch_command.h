// `release watch`.
#ifndef RELEASE_CLI_WATCH_COMMAND_H_
#define RELEASE_CLI_WATCH_COMMAND_H_

#include "cli/options.h"

namespace release {

// Returns the exit status: 8 if the release is bad.
int RunWatchCommand(const GlobalOptions& global, const WatchOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_WATCH_COMMAND_H_
