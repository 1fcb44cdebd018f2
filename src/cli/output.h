// How results reach the caller: data to stdout, words and progress to stderr.
#ifndef RELEASE_CLI_OUTPUT_H_
#define RELEASE_CLI_OUTPUT_H_

#include <functional>
#include <string>

#include "cli/options.h"
#include "deploy/deploy_context.h"
#include "deploy/retention.h"
#include "inspect/status.h"

namespace release {

// Prints events as they come: words, or with --progress=json one JSON object a
// line; nothing with --quiet.
std::function<void(const ProgressEvent&)> EventPrinter(
    const GlobalOptions& options);

// Prints how a command ended and returns its exit status.
int PrintOutcome(const GlobalOptions& options, const Outcome& outcome);

// Prints a failure that came before any transaction, with what is live now
// (empty: not known), and returns its exit status.
int PrintError(const GlobalOptions& options, const std::string& command,
               const Error& error, const std::string& live_now);

// The plan of --dry-run.
int PrintPlan(const GlobalOptions& options, const std::string& command,
              const std::vector<std::string>& steps);

// A line of words to stderr, unless --quiet.
void Say(const GlobalOptions& options, const std::string& words);

// A JSON object and a newline to stdout.
void PrintJson(const std::string& text);

}  // namespace release

#endif  // RELEASE_CLI_OUTPUT_H_
