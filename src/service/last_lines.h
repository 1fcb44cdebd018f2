// The end of what a program printed, for an error message.
#ifndef RELEASE_SERVICE_LAST_LINES_H_
#define RELEASE_SERVICE_LAST_LINES_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace release {

// The last `count` lines that are not empty, each escaped and put after a line
// break and two spaces, so that they stand below the sentence they are
// appended to. Empty where there are none.
std::string LastLines(std::string_view output, std::size_t count);

}  // namespace release

#endif  // RELEASE_SERVICE_LAST_LINES_H_
