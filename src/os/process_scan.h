// Reads /proc: which processes use a directory, and facts about a process.
#ifndef RELEASE_OS_PROCESS_SCAN_H_
#define RELEASE_OS_PROCESS_SCAN_H_

#include <optional>
#include <string>
#include <vector>

#include "base/host_path.h"
#include "os/runner.h"

namespace release {

// Reads /proc and returns each executable, working directory, open file and
// mapping at or below the absolute directory, once for each process and kind.
// Includes deleted files, without the kernel's suffix " (deleted)". Skips a
// process in a container, in which that path is another directory. Skips this
// process, kernel threads and processes that this caller may not inspect.
// `directory` may contain symbolic links. Throws FsError if it lacks
// descriptors or memory for a look at all processes.
std::vector<ProcessUse> ProcessesUsing(const HostPath& directory);

// The same for one process.
std::vector<ProcessUse> UsesOfProcess(int pid, const HostPath& directory);

// Returns one process of each network namespace that a process uses which this
// caller may inspect. Throws as ProcessesUsing does.
std::vector<int> ProcessOfEachNetwork();

// Returns nullopt if the process does not exist or is hidden from this caller.
std::optional<ProcessFacts> ReadProcessFacts(int pid);

}  // namespace release

#endif  // RELEASE_OS_PROCESS_SCAN_H_
