// Shell completions.
#ifndef RELEASE_CLI_COMPLETION_H_
#define RELEASE_CLI_COMPLETION_H_

#include <string>

namespace release {

// Prints the completion script for bash, zsh or fish; returns the exit status.
// The scripts ask `release list -q` for the versions on the host.
int PrintCompletion(const std::string& shell);

}  // namespace release

#endif  // RELEASE_CLI_COMPLETION_H_
