// An archive in memory, offered to a transaction through a descriptor.
#ifndef RELEASE_TESTS_SUPPORT_ARCHIVE_BYTES_H_
#define RELEASE_TESTS_SUPPORT_ARCHIVE_BYTES_H_

#include <string>

#include "deploy/archive_request.h"

namespace release {

// A request for these bytes. The descriptor stays open until the process ends
// and is at the start of the bytes; requests for equal bytes share it.
ArchiveRequest RequestOfBytes(const std::string& bytes,
                              const std::string& file_name);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_ARCHIVE_BYTES_H_
