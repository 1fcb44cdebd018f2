// The few words that a caller with a restricted key may say: the grammar of
// SSH_ORIGINAL_COMMAND.
//
//   line    = command *(" " operand) *(" " option)      operands first
//   option  = "--name" / "--name" " " value
//
// One blank between words, which are printable ASCII without quotes, escapes or
// patterns of any kind: nothing here is ever given to a shell. Each command has
// its own few options, and each value its form. No value is a path.
#ifndef RELEASE_CLI_SERVE_WORDS_H_
#define RELEASE_CLI_SERVE_WORDS_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace release {

struct ServeWords {
  std::string command;                         // "deploy"
  std::vector<std::string> operands;           // version names; "-" of deploy
  std::map<std::string, std::string> options;  // "--version" to "1.4.2"; a
                                               // flag to ""; evidence decoded
  bool Has(const std::string& option) const { return options.contains(option); }
  // The value; empty where the option is not given.
  std::string Value(const std::string& option) const;
};

// Pure. Throws Error kUsage, which names the first word that does not fit.
ServeWords ParseServeWords(std::string_view line);

// Of "deploy,status". Throws Error kUsage where one is no command that can be
// served, or there is none.
std::set<std::string> ParseAllowed(std::string_view list);

}  // namespace release

#endif  // RELEASE_CLI_SERVE_WORDS_H_
