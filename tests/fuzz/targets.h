// The fuzz targets: each feeds arbitrary bytes to one parser. A target catches
// Error, which is a proper answer to bad input; kInternal, any other exception
// and a violated invariant end the process.
//
// The CMake preset `fuzz` builds one libFuzzer executable per target; the unit
// tests replay the seeds.
#ifndef RELEASE_TESTS_FUZZ_TARGETS_H_
#define RELEASE_TESTS_FUZZ_TARGETS_H_

#include <string_view>

namespace release {

void FuzzArchive(std::string_view bytes);   // unpacks it in memory
void FuzzConfig(std::string_view bytes);    // parses a configuration file
void FuzzRecord(std::string_view bytes);    // parses a transaction's record
void FuzzManifest(std::string_view bytes);  // parses and formats it again
void FuzzThin(std::string_view bytes);      // composes a release of it
void FuzzServe(std::string_view bytes);     // parses the command of a client

}  // namespace release

#endif  // RELEASE_TESTS_FUZZ_TARGETS_H_
