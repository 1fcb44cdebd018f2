// `release serve`: runs the few commands that a restricted SSH key may run.
#ifndef RELEASE_CLI_SERVE_H_
#define RELEASE_CLI_SERVE_H_

#include "cli/command_table.h"
#include "cli/options.h"

namespace release {

// Replaces the words of `serve` by the command in SSH_ORIGINAL_COMMAND, adds
// its options to `global`, and clears the environment. The app stays the one
// that `global` names; the caller cannot choose it. Returns false if the
// command is `help`: then it has printed the commands of --allow, and there is
// nothing left to run. Throws Error kUsage if the command does not follow the
// grammar, and kNotAllowed if --allow lacks it.
bool TakeServedCommand(GlobalOptions* global, CommandWords* words);

}  // namespace release

#endif  // RELEASE_CLI_SERVE_H_
