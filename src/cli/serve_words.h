// The grammar of SSH_ORIGINAL_COMMAND: the commands and options that the
// command table marks as served.
//
//   line    = command *(" " operand) *(" " option)      operands first
//   option  = "--name" / "--name" " " value
//
// Words are printable ASCII separated by one space, without quotes, escapes or
// patterns: nothing here is ever given to a shell, and no value is a path.
#ifndef RELEASE_CLI_SERVE_WORDS_H_
#define RELEASE_CLI_SERVE_WORDS_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_table.h"

namespace release {

// Pure. File contents are decoded from base64. Throws Error kUsage, which names
// the first word that does not fit.
CommandWords ParseServeWords(std::string_view line);

// The names of the commands that can be served.
std::vector<std::string> ServedCommands();

// The commands in "deploy,status". Throws Error kUsage if one of them cannot be
// served, or if the list is empty.
std::set<std::string> ParseAllowed(std::string_view list);

}  // namespace release

#endif  // RELEASE_CLI_SERVE_WORDS_H_
