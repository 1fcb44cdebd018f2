// The words for a command line that cannot be understood.
#ifndef RELEASE_CLI_USAGE_ERROR_H_
#define RELEASE_CLI_USAGE_ERROR_H_

#include <string>
#include <vector>

#include "cli/command_table.h"

namespace release {

// Returns why the word cannot be a command or a global option, with the one
// that was probably meant.
std::string UnknownWord(const std::string& word);

// Returns why the command does not accept `word`: it has no such option, or
// takes no further argument.
std::string UnexpectedWord(const CommandRow& row, const std::string& word);

// Returns which required operand or option is missing. `operands` is how many
// were given.
std::string MissingWord(const CommandRow& row, std::size_t operands);

// Returns why `text` is not a value of that kind, or "" if it is one. `words`
// are those of a kWord. Other kinds are checked where their value is used.
std::string WhyNotValue(ValueKind kind, std::string_view words,
                        const std::string& text);

}  // namespace release

#endif  // RELEASE_CLI_USAGE_ERROR_H_
