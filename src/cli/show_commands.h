// The commands that only look. Each returns the exit status.
#ifndef RELEASE_CLI_SHOW_COMMANDS_H_
#define RELEASE_CLI_SHOW_COMMANDS_H_

#include "cli/options.h"

namespace release {

int RunStatus(const GlobalOptions& global, const StatusOptions& options);
int RunCheck(const GlobalOptions& global);
int RunList(const GlobalOptions& global);
int RunHistory(const GlobalOptions& global, const HistoryOptions& options);
int RunVerify(const GlobalOptions& global, const VerifyOptions& options);
int RunDiff(const GlobalOptions& global, const DiffOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_SHOW_COMMANDS_H_
