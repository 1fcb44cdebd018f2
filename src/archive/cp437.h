// Names in zips of DOS and Windows that do not say they are UTF-8.
#ifndef RELEASE_ARCHIVE_CP437_H_
#define RELEASE_ARCHIVE_CP437_H_

#include <string>
#include <string_view>

namespace release {

// Converts code page 437, in which every byte is a letter, to UTF-8.
std::string FromCp437(std::string_view name);

}  // namespace release

#endif  // RELEASE_ARCHIVE_CP437_H_
