// The error that every part of the reader throws.
#ifndef RELEASE_ARCHIVE_READ_ERROR_H_
#define RELEASE_ARCHIVE_READ_ERROR_H_

#include <string>
#include <string_view>

#include "base/error.h"

namespace release {

// Throws Error `code`, "cannot read NAME: REASON", about the archive `name`.
[[noreturn]] void FailToRead(const std::string& name, ErrorCode code,
                             std::string_view reason);

// The beginning of a name or message that comes out of an archive, where it may
// be as long as it likes: 512 bytes.
std::string Beginning(std::string_view text);

}  // namespace release

#endif  // RELEASE_ARCHIVE_READ_ERROR_H_
