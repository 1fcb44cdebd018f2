#include "os/fs.h"

#include <doctest/doctest.h>

#include <cerrno>

namespace release {

TEST_CASE("the code of a failed call follows from errno") {
  const auto code = [](int error) {
    return FsError("open", "a", error).code();
  };
  CHECK(code(ENOSPC) == ErrorCode::kNoSpace);
  CHECK(code(EDQUOT) == ErrorCode::kNoSpace);
  CHECK(code(EACCES) == ErrorCode::kPermissionDenied);
  CHECK(code(EPERM) == ErrorCode::kPermissionDenied);
  CHECK(code(EROFS) == ErrorCode::kReadOnly);
  CHECK(code(EIO) == ErrorCode::kIoError);
  CHECK(code(ENOENT) == ErrorCode::kIoError);
}

TEST_CASE("a failed sync has its own code, regardless of errno") {
  for (const int error : {EIO, ENOSPC, EROFS, EINTR}) {
    const FsError failed = FsError::OfSync("sync", "d", error);
    CHECK(failed.code() == ErrorCode::kSyncFailed);
    CHECK(failed.error_number() == error);
  }
  CHECK(std::string(FsError::OfSync("sync", "d", EIO).what()) ==
        "cannot sync \"d\": Input/output error");
}

TEST_CASE("an FsError names the operation, the path and the reason") {
  const FsError error("make directory", "a\nb", ENOSPC);
  CHECK(std::string(error.what()) ==
        "cannot make directory \"a\\nb\": No space left on device");
  CHECK(error.path() == "a\nb");
  CHECK(error.error_number() == ENOSPC);
}

}  // namespace release
