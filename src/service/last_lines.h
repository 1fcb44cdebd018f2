// The end of a program's output, for an error message.
#ifndef RELEASE_SERVICE_LAST_LINES_H_
#define RELEASE_SERVICE_LAST_LINES_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace release {

// Returns the last `count` lines that are not empty. Each is escaped and
// follows a line break and two spaces, so that the lines are indented below the
// sentence they are appended to. Returns an empty string if there are none.
std::string LastLines(std::string_view output, std::size_t count);

}  // namespace release

#endif  // RELEASE_SERVICE_LAST_LINES_H_
