// Prints results: data to standard output, messages and progress to standard
// error. A write that fails, e.g. into a closed pipe, is ignored.
#ifndef RELEASE_CLI_OUTPUT_H_
#define RELEASE_CLI_OUTPUT_H_

#include <functional>
#include <string>

#include "cli/options.h"
#include "cli/screen.h"
#include "cli/status_text.h"
#include "deploy/deploy_context.h"
#include "deploy/retention.h"
#include "inspect/status.h"

namespace release {

// Returns the word, colored if standard error is colored: 33 is yellow, 1;31
// bold red.
std::string Label(const GlobalOptions& options, const std::string& word,
                  const char* color);

// Prints how a transaction ended and returns its exit status.
int PrintOutcome(const GlobalOptions& options, const Outcome& outcome);

// Prints an error that occurred before any transaction, and returns its exit
// status. `live_now` names the live release; "" if it is not known.
int PrintError(const GlobalOptions& options, CommandId command,
               const Error& error, const std::string& live_now);

// Prints the plan of --dry-run. Returns 0.
int PrintPlan(const GlobalOptions& options, CommandId command,
              const std::vector<std::string>& steps);

// Returns the layout of standard output at `now`, in seconds since 1970.
Screen OutScreen(const GlobalOptions& options, std::int64_t now);

// Prints a line to standard error, unless --quiet is given.
void Say(const GlobalOptions& options, const std::string& words);

// Messages name commands as they are typed for the only app of a host:
// "`release rollback` goes back". Returns the text with the app that the
// command line named, unless "", in each of them, so that they can be typed as
// they stand. A line must be fitted to its screen afterwards.
std::string WithApp(const std::string& app, const std::string& text);

// Prints the first line of a status, colored on a terminal.
void PrintVerdict(const GlobalOptions& options, Verdict verdict,
                  const std::string& text);

// Prints text for people to standard output, with control characters escaped.
void PrintText(const std::string& text);

// Prints the text of a JSON object and a newline to standard output.
void PrintJson(const std::string& text);

}  // namespace release

#endif  // RELEASE_CLI_OUTPUT_H_
