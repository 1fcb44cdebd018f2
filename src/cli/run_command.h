// Runs a command that was parsed from the command line.
#ifndef RELEASE_CLI_RUN_COMMAND_H_
#define RELEASE_CLI_RUN_COMMAND_H_

#include "cli/command_table.h"
#include "cli/options.h"

namespace release {

// Returns the exit status. Throws Error if the command fails before it begins a
// transaction. `serve` replaces `words` and adds to `global`, so that the
// caller can report such an error with the name and the options of the served
// command.
int RunCommand(GlobalOptions* global, CommandWords* words);

}  // namespace release

#endif  // RELEASE_CLI_RUN_COMMAND_H_
