// `release intake`: deploys what lies ready in the drop box.
#ifndef RELEASE_CLI_INTAKE_COMMAND_H_
#define RELEASE_CLI_INTAKE_COMMAND_H_

#include "cli/options.h"

namespace release {

// Returns the gravest exit status of the uploads; 0 where none lay ready.
int RunIntake(const GlobalOptions& global);

}  // namespace release

#endif  // RELEASE_CLI_INTAKE_COMMAND_H_
