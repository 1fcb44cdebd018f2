#include "archive/unpack_limits.h"

#include <string>

#include "base/error.h"
#include "os/cancellation.h"

namespace release {
namespace {

// The most bytes and entries between two looks for a request to stop.
constexpr std::uint64_t kCheckedBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kCheckedEntries = 1000;

}  // namespace

void UnpackLimits::CountEntry() {
  ++entries_;
  if (entries_ % kCheckedEntries == 0) ThrowIfCancelled();
  if (max_entries_ != 0 && entries_ > max_entries_) {
    throw Error(ErrorCode::kLimitExceeded, "cannot unpack: more than " +
                                               std::to_string(max_entries_) +
                                               " entries");
  }
}

void UnpackLimits::CountBytes(std::uint64_t count) {
  bytes_ += count;
  if (max_bytes_ != 0 && bytes_ > max_bytes_) {
    throw Error(ErrorCode::kLimitExceeded, "cannot unpack: more than " +
                                               std::to_string(max_bytes_) +
                                               " bytes of files");
  }
  if (bytes_ >= next_check_) {
    next_check_ = bytes_ + kCheckedBytes;
    ThrowIfCancelled();
  }
}

}  // namespace release
