// Decides whether root may run a command of the configuration.
#ifndef RELEASE_OS_SAFE_COMMAND_H_
#define RELEASE_OS_SAFE_COMMAND_H_

#include <optional>
#include <string>

#include "base/host_path.h"
#include "os/runner.h"

namespace release {

// A file that a command would execute or hand to an interpreter although
// another user can change or replace it.
struct UnsafeFile {
  std::string path;
  std::string reason;  // "it belongs to user 1000, not to root"
};

// Returns the first unsafe file that `command` names, or nullopt if there is
// none or this process is not root. Relative names start at command.directory;
// if that is empty, they are not looked at.
//
// Looks at the program, unless it is a bare name that PATH resolves, and at
// each argument that names an existing file: as a whole, behind a "=", or as a
// word with a slash, since a shell's script is one argument. A directory counts
// if it is a release, which is below `releases`: interpreters run what is in
// it. Files that these files read in turn are not looked at.
//
// The answer holds only until somebody moves a link such as `current`, so ask
// directly before the command is run.
std::optional<UnsafeFile> FindUnsafeFile(const Command& command,
                                         const HostPath& releases);

// Throws Error kConfigUnsafe if there is an unsafe file. `what` names the
// command in the message, as in "the preflight hook", and `remedy` says what to
// do.
void RequireSafeForRoot(const std::string& what, const Command& command,
                        const HostPath& releases,
                        const std::string& remedy = "let only root write it");

}  // namespace release

#endif  // RELEASE_OS_SAFE_COMMAND_H_
