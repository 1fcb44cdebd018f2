// The steps of a document, run word for word as its reader types them, and
// compared with what the document shows.
//
// Steps are the blocks that begin with ```console. A line "$ ..." is a command,
// up to the end of its here-document; the lines below it are its output. If
// there are none, the command must exit with 0 and may print anything. "..." in
// an output stands for anything, and on a line of its own for any number of
// lines. Times, dates and widths differ from run to run, so they are compared
// by shape, and the lines of steps not at all: a step under 10 ms has none.
//
// Files are the blocks below a line that begins with the file's name in
// backticks; a blank line may stand between.
#ifndef RELEASE_TESTS_HOST_DOCUMENT_STEPS_H_
#define RELEASE_TESTS_HOST_DOCUMENT_STEPS_H_

#include <string>
#include <utility>
#include <vector>

namespace release {

struct Step {
  std::string typed;
  std::string printed;  // empty: any output is right
  int status = 0;       // exit status of a step that was run
};

// Returns what stands below the heading, of any level, up to the next heading.
// The test fails if there is no such heading.
std::string SectionOf(const std::string& document, const std::string& heading);

// Returns name and content of each file of a document.
std::vector<std::pair<std::string, std::string>> FilesOf(
    const std::string& document);

// Parses the steps of a document.
std::vector<Step> StepsOf(const std::string& document);

// Returns a script for bash that runs all steps in one shell and marks the
// output and the exit status of each. A step that sleeps also waits until the
// intake unit is done, because the machine may be slow.
std::string ScriptOf(const std::vector<Step>& steps);

// Returns the steps with their real output and status, from the output of their
// script. The test fails if the script ended before its last step.
std::vector<Step> ResultsOf(std::vector<Step> steps, const std::string& output);

// Returns whether the output `printed` has the shape of what a document shows.
bool Fits(const std::string& shown, const std::string& printed);

// Describes the steps whose results differ from what the document shows; "" if
// none does.
std::string Differences(const std::vector<Step>& shown,
                        const std::vector<Step>& results);

}  // namespace release

#endif  // RELEASE_TESTS_HOST_DOCUMENT_STEPS_H_
