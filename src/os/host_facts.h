// What the host allows and offers, found out without changing anything.
#ifndef RELEASE_OS_HOST_FACTS_H_
#define RELEASE_OS_HOST_FACTS_H_

#include <cstdint>
#include <string>

#include "base/reason.h"

namespace release {

// Why this caller cannot make and remove files in the directory.
Reason WhyNotWritable(const std::string& directory);

// Which mount the path is on, 0 where the kernel does not tell. A rename from
// one mount to another fails even where both show one file system.
std::uint64_t MountOf(const std::string& path);

// "ext4", "xfs", "btrfs", "tmpfs", "f2fs", "zfs"; of any other its number, as
// in "type 0x6969".
std::string FileSystemOf(const std::string& path);

// Where a command's program is, by its path or in PATH; empty where there is
// none that this caller may run.
std::string FindProgram(const std::string& name);

// Whether paths can be looked up beneath a directory by one call.
bool HasOpenat2();

// Whether renames may refuse to replace, and may exchange.
bool HasRenameFlags();

}  // namespace release

#endif  // RELEASE_OS_HOST_FACTS_H_
