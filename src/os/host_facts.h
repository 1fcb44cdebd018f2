// Read-only queries about the host: permissions, mounts, kernel features.
#ifndef RELEASE_OS_HOST_FACTS_H_
#define RELEASE_OS_HOST_FACTS_H_

#include <cstdint>
#include <string>

#include "base/host_path.h"
#include "base/reason.h"

namespace release {

// Returns why this caller cannot create and remove files in the directory, or
// nullopt if it can.
Reason WhyNotWritable(const std::string& directory);

// Returns the id of the mount that the path is on, or 0 if the kernel does not
// report it. A rename between two mounts fails even if both are of the same
// file system.
std::uint64_t MountOf(const HostPath& path);

// Returns the name of the file system, such as "ext4" or "btrfs", its number if
// the name is not known, as in "type 0x6969", or errno's message on failure.
std::string FileSystemOf(const HostPath& path);

// Returns the path of a program given by path or by name (looked up in PATH).
// Returns an empty string if there is none that this caller may run.
std::string FindProgram(const std::string& name);

// Returns whether openat2 works, which looks up a path beneath a directory in
// one call.
bool HasOpenat2();

// Returns whether renameat2 supports RENAME_NOREPLACE and RENAME_EXCHANGE.
bool HasRenameFlags();

}  // namespace release

#endif  // RELEASE_OS_HOST_FACTS_H_
