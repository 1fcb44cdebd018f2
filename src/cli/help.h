// The help texts, made from the command table.
#ifndef RELEASE_CLI_HELP_H_
#define RELEASE_CLI_HELP_H_

#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/command_table.h"

namespace release {

// Each function returns complete lines of at most 80 columns.

// Returns the commands by group, without their explanations: the answer to
// `release` alone.
std::string ShortHelp();

// Returns every command and every global option, with the exit statuses.
std::string FullHelp();

// Returns what an exit status says, without a period: "archive refused".
std::string_view ExitWords(Exit exit);

// Returns the usage, operands, options and example of one command.
std::string CommandHelp(const CommandRow& row);

// Returns the form of a command: "release deploy ARCHIVE [--version V] ...".
std::string UsageOf(const CommandRow& row);

}  // namespace release

#endif  // RELEASE_CLI_HELP_H_
