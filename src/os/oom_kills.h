// How often the kernel has killed a process of a control group for lack of
// memory.
#ifndef RELEASE_OS_OOM_KILLS_H_
#define RELEASE_OS_OOM_KILLS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace release {

// Returns the count in the text of a memory.events file; nullopt without one.
std::optional<std::uint64_t> ParseOomKills(std::string_view events);

// Returns the count of the control group, a path from the root of the unified
// hierarchy, and of the groups below it; nullopt if the kernel does not count
// for that group.
std::optional<std::uint64_t> ReadOomKills(const std::string& control_group);

}  // namespace release

#endif  // RELEASE_OS_OOM_KILLS_H_
