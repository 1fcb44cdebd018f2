// Finds the processes that use a directory.
#ifndef RELEASE_OS_PROCESS_SCAN_H_
#define RELEASE_OS_PROCESS_SCAN_H_

#include <string>
#include <vector>

#include "os/runner.h"

namespace release {

// Reads /proc and returns each executable, working directory, open file and
// mapping at or below the absolute directory, once for each process and kind.
// Includes deleted files, without the kernel's suffix " (deleted)". Skips this
// process, kernel threads and processes that this caller may not inspect.
// `directory` may contain symbolic links.
std::vector<ProcessUse> ProcessesUsing(const std::string& directory);

}  // namespace release

#endif  // RELEASE_OS_PROCESS_SCAN_H_
