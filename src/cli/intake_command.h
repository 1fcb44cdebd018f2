// `release intake`: deploys the uploads that are ready in the drop box.
#ifndef RELEASE_CLI_INTAKE_COMMAND_H_
#define RELEASE_CLI_INTAKE_COMMAND_H_

#include "cli/options.h"

namespace release {

// Returns the gravest exit status of the uploads (GravestExit), or 0 if none
// was ready. Throws Error if a transaction cannot be begun, and kRootUnsafe or
// kConfigUnsafe as RequireOnlyRootWrites does.
int RunIntake(const GlobalOptions& global);

}  // namespace release

#endif  // RELEASE_CLI_INTAKE_COMMAND_H_
