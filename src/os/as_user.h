// Runs a command as another user.
#ifndef RELEASE_OS_AS_USER_H_
#define RELEASE_OS_AS_USER_H_

#include <string>

#include "os/runner.h"

namespace release {

// Throws Error kConfigInvalid if this host has no user of that name, or if this
// process may not run commands as that user: only root may do so for others.
void RequireUser(const std::string& user);

// Returns the command that runs `command` as `user`, with the user's own groups
// and with HOME, USER, LOGNAME and SHELL of that user. It needs the program
// setpriv of util-linux. Returns `command` if this process is that user. Throws
// as RequireUser does.
Command AsUser(Command command, const std::string& user);

}  // namespace release

#endif  // RELEASE_OS_AS_USER_H_
