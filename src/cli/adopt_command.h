// `release init --adopt`: adopts a deployment that another tool made.
#ifndef RELEASE_CLI_ADOPT_COMMAND_H_
#define RELEASE_CLI_ADOPT_COMMAND_H_

#include "cli/options.h"

namespace release {

// Prints the outcome, which is durable by then, and returns its exit status.
// Throws Error if no transaction could begin. With --from the directory may
// have moved into the root by then; the same command then continues from there.
int RunAdopt(const GlobalOptions& global, const InitOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_ADOPT_COMMAND_H_
