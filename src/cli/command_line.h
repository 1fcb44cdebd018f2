// The entry point of the program: parses the command line and runs it.
#ifndef RELEASE_CLI_COMMAND_LINE_H_
#define RELEASE_CLI_COMMAND_LINE_H_

namespace release {

// Parses the command line, runs the command, prints its errors, and returns the
// exit status. Throws nothing that a command throws: this function and the
// engine are the two places that turn an Error into an outcome.
int RunCommandLine(int argc, char** argv);

}  // namespace release

#endif  // RELEASE_CLI_COMMAND_LINE_H_
