// The commands that only read. They take no lock and change nothing.
//
// Each prints its result and returns the exit status: 8 if verify, check or
// `status --check` found a problem, otherwise 0. Each throws Error if it cannot
// answer, e.g. kNotInitialized or kNoSuchRelease.
#ifndef RELEASE_CLI_SHOW_COMMANDS_H_
#define RELEASE_CLI_SHOW_COMMANDS_H_

#include "cli/options.h"

namespace release {

int RunStatus(const GlobalOptions& global, const StatusOptions& options);
int RunCheck(const GlobalOptions& global, const CheckOptions& options);
int RunList(const GlobalOptions& global);
int RunHistory(const GlobalOptions& global, const HistoryOptions& options);
int RunVerify(const GlobalOptions& global, const VerifyOptions& options);
int RunDiff(const GlobalOptions& global, const DiffOptions& options);

}  // namespace release

#endif  // RELEASE_CLI_SHOW_COMMANDS_H_
