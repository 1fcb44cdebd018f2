// Which processes use a directory.
#ifndef RELEASE_OS_PROCESS_SCAN_H_
#define RELEASE_OS_PROCESS_SCAN_H_

#include <string>
#include <vector>

#include "os/runner.h"

namespace release {

// From /proc: exe, cwd, open files and mappings below the absolute directory,
// each path told once for each process and kind; deleted files too, without
// the kernel's " (deleted)". Leaves out this process, kernel threads and what
// this caller may not look into. `directory` may contain symbolic links.
std::vector<ProcessUse> ProcessesUsing(const std::string& directory);

}  // namespace release

#endif  // RELEASE_OS_PROCESS_SCAN_H_
