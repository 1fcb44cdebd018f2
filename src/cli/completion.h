// Shell completions: short scripts that ask the program, see candidates.h.
#ifndef RELEASE_CLI_COMPLETION_H_
#define RELEASE_CLI_COMPLETION_H_

#include <string>

namespace release {

// Prints the completion script for bash, zsh or fish; returns the exit status.
int PrintCompletion(const std::string& shell);

}  // namespace release

#endif  // RELEASE_CLI_COMPLETION_H_
