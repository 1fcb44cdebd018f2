// `release serve`: what a restricted SSH key may do, and nothing else.
#ifndef RELEASE_CLI_SERVE_H_
#define RELEASE_CLI_SERVE_H_

#include <string>

#include "cli/options.h"

namespace release {

// Runs the command in SSH_ORIGINAL_COMMAND if it is one of those allowed, with
// an environment of its own making; returns the exit status. The app is the
// one that `global` names: the caller has no say in it. Takes over the options
// of the command into `global`, and its name into `command`, so that failures
// are told in its form. Throws Error kUsage for what is no such command, and
// kNotAllowed for one that is not allowed.
int RunServe(GlobalOptions* global, const ServeOptions& options,
             std::string* command);

}  // namespace release

#endif  // RELEASE_CLI_SERVE_H_
