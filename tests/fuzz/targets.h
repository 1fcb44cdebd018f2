// What is fed with arbitrary bytes: each returns, or throws nothing but Error,
// which it catches. What must not happen aborts.
//
// One executable each in the CMake preset `fuzz` (libFuzzer); the unit tests
// replay the seeds.
#ifndef RELEASE_TESTS_FUZZ_TARGETS_H_
#define RELEASE_TESTS_FUZZ_TARGETS_H_

#include <string_view>

namespace release {

void FuzzArchive(std::string_view bytes);   // unpacks it, in memory
void FuzzConfig(std::string_view bytes);    // as a configuration file
void FuzzRecord(std::string_view bytes);    // as a transaction's record
void FuzzManifest(std::string_view bytes);  // and what is read is written alike
void FuzzServe(std::string_view bytes);     // as what a restricted key asks for

}  // namespace release

#endif  // RELEASE_TESTS_FUZZ_TARGETS_H_
