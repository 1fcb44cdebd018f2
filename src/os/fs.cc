#include "os/fs.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "base/text.h"

namespace release {
namespace {

// Singles out the errors that an admin can fix: free space, permissions,
// mounts.
ErrorCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kNoSpace;
    case EACCES:
    case EPERM:
      return ErrorCode::kPermissionDenied;
    case EROFS:
      return ErrorCode::kReadOnly;
    default:
      return ErrorCode::kIoError;
  }
}

}  // namespace

FsError::FsError(std::string_view operation, const std::string& path,
                 int error_number)
    : FsError(CodeOf(error_number), operation, path, error_number) {}

FsError FsError::OfSync(std::string_view operation, const std::string& path,
                        int error_number) {
  return {ErrorCode::kSyncFailed, operation, path, error_number};
}

FsError::FsError(ErrorCode code, std::string_view operation,
                 const std::string& path, int error_number)
    : Error(code,
            fmt::format("cannot {} {}: {}", operation, Quoted(path),
                        std::generic_category().message(error_number)),
            path),
      error_number_(error_number) {}

}  // namespace release
