// The help of `release serve`, for the holder of a restricted SSH key.
#ifndef RELEASE_CLI_SERVE_HELP_H_
#define RELEASE_CLI_SERVE_HELP_H_

#include <set>
#include <string>

namespace release {

// Returns a line for each command in `allowed`, with the operands and options
// that the key may give.
std::string ServedHelp(const std::set<std::string>& allowed);

}  // namespace release

#endif  // RELEASE_CLI_SERVE_HELP_H_
