// The command line: which words there are and which function each one calls.
#ifndef RELEASE_CLI_COMMAND_LINE_H_
#define RELEASE_CLI_COMMAND_LINE_H_

namespace release {

// Parses the command line, runs the command, and returns the exit status. The
// only place beside the engine that catches.
int RunCommandLine(int argc, char** argv);

}  // namespace release

#endif  // RELEASE_CLI_COMMAND_LINE_H_
