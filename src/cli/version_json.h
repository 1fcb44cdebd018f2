// `release --version --json`.
#ifndef RELEASE_CLI_VERSION_JSON_H_
#define RELEASE_CLI_VERSION_JSON_H_

#include <string>

namespace release {

// Returns whether the words, `argv` without the program's name, are a version
// option and --json, and nothing else.
bool IsVersionAsJson(int argc, char** argv);

// Returns one object on one line, without a newline (docs/schema/version.json).
std::string VersionJson();

}  // namespace release

#endif  // RELEASE_CLI_VERSION_JSON_H_
