// The grammar of SSH_ORIGINAL_COMMAND: the commands and options that the
// command table marks as served.
//
//   line    = ["release "] *(option " ") command *(" " operand) *(" " option)
//   option  = "--name" / "--name" " " value     or with a letter: "-n"
//
// Only global options may stand before the command. Words are printable ASCII,
// separated by exactly one space. A word may stand in quotes, single or double,
// and then have spaces; there are no escapes and no patterns. No word is passed
// to a shell or used as a path.
#ifndef RELEASE_CLI_SERVE_WORDS_H_
#define RELEASE_CLI_SERVE_WORDS_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_table.h"

namespace release {

// Parses a line. The line may name `app`, which is the app of the key, and no
// other; "": none. Decodes the contents of files from base64. Reads neither
// disk nor environment. Throws Error kUsage, which names the first word that
// does not fit.
CommandWords ParseServeWords(std::string_view line, std::string_view app = "");

// Returns whether the line is `help`. Throws Error kUsage if it is not made of
// words.
bool AsksForHelp(std::string_view line);

// Returns the names of the commands that can be served.
std::vector<std::string> ServedCommands();

// Parses the value of --allow, e.g. "deploy,status". Throws Error kUsage if one
// of the commands cannot be served, or if the list is empty.
std::set<std::string> ParseAllowed(std::string_view list);

}  // namespace release

#endif  // RELEASE_CLI_SERVE_WORDS_H_
