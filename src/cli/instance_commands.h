// `release start` and `release drain`. Each returns the exit status.
#ifndef RELEASE_CLI_INSTANCE_COMMANDS_H_
#define RELEASE_CLI_INSTANCE_COMMANDS_H_

#include "cli/options.h"

namespace release {

int RunStart(const GlobalOptions& global);
int RunDrain(const GlobalOptions& global);

}  // namespace release

#endif  // RELEASE_CLI_INSTANCE_COMMANDS_H_
