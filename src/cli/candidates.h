// Completion candidates, computed by the program itself.
//
// The shells' completion functions run
//   release __complete WORD... LAST
// with the words after the program's name up to the one being typed, LAST,
// which may be empty. Each line of the answer is a candidate, which may be
// followed by a tab and a description, or a directive: ":files" or
// ":directories" if the shell must complete paths.
#ifndef RELEASE_CLI_CANDIDATES_H_
#define RELEASE_CLI_CANDIDATES_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace release {

constexpr std::string_view kCompletionRequest = "__complete";

// Read names that only this host knows; they change nothing and may throw. For
// `versions` the options must select the app as for any other command.
struct HostNames {
  std::vector<std::string> (*apps)();
  std::vector<std::string> (*versions)(const GlobalOptions& global);
};

// Returns the lines of the answer. `words` ends with the word being typed.
// Throws only what `host` throws.
std::vector<std::string> Candidates(const std::vector<std::string>& words,
                                    const HostNames& host);

// Prints the answer, with the names on this host. Returns 0 in any case and
// never prints an error: it would appear in the middle of a command line.
int PrintCandidates(const std::vector<std::string>& words);

}  // namespace release

#endif  // RELEASE_CLI_CANDIDATES_H_
