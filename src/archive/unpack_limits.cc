#include "archive/unpack_limits.h"

#include <algorithm>
#include <limits>
#include <string>

#include "archive/blocks.h"
#include "base/error.h"
#include "os/cancellation.h"

namespace release {
namespace {

// The most bytes and entries between two looks for a request to stop.
constexpr std::uint64_t kCheckedBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kCheckedEntries = 1000;
constexpr std::uint64_t kHolesPerByte = 64;

[[noreturn]] void Fail(std::uint64_t most, const char* what) {
  throw Error(ErrorCode::kLimitExceeded,
              "cannot unpack: more than " + std::to_string(most) + what);
}

}  // namespace

void UnpackLimits::CountEntry() {
  ++entries_;
  if (entries_ % kCheckedEntries == 0) ThrowIfCancelled();
  if (max_entries_ != 0 && entries_ > max_entries_) {
    Fail(max_entries_, " entries");
  }
}

void UnpackLimits::CountContent(std::span<const char> bytes) {
  (IsHole(bytes) ? holes_ : bytes_) += bytes.size();
  Check();
}

void UnpackLimits::CountBytes(std::uint64_t count) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - bytes_;
  bytes_ += std::min(count, most);
  Check();
}

void UnpackLimits::Check() {
  if (max_bytes_ != 0 && bytes_ > max_bytes_) {
    Fail(max_bytes_, " bytes of files");
  }
  if (max_bytes_ != 0 && holes_ / kHolesPerByte > max_bytes_) {
    Fail(max_bytes_, " times 64 bytes of holes in files");
  }
  if (bytes_ + holes_ >= next_check_) {
    next_check_ = bytes_ + holes_ + kCheckedBytes;
    ThrowIfCancelled();
  }
}

}  // namespace release
