// `release init --adopt`: takes over what is there. Returns the exit status.
#ifndef RELEASE_CLI_ADOPT_COMMAND_H_
#define RELEASE_CLI_ADOPT_COMMAND_H_

#include "cli/options.h"

namespace release {

int RunAdopt(const GlobalOptions& global, const InitOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_ADOPT_COMMAND_H_
