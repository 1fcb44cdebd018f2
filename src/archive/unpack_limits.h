// Limits of what an archive may unpack to.
#ifndef RELEASE_ARCHIVE_UNPACK_LIMITS_H_
#define RELEASE_ARCHIVE_UNPACK_LIMITS_H_

#include <cstdint>

namespace release {

// Counts what is taken out of one archive. An archive of a few bytes can hold
// entries and content without end, so each is counted before it is written,
// also if it is then left out. Because unpacking goes on for minutes,
// requests to stop are looked for here, too: between entries, since many empty
// ones take their time, and between bytes.
class UnpackLimits {
 public:
  // 0 is no limit.
  UnpackLimits(std::uint64_t max_bytes, std::uint64_t max_entries)
      : max_bytes_(max_bytes), max_entries_(max_entries) {}

  // Both throw Error kLimitExceeded if there are more, and kInterrupted or
  // kAborted upon a request to stop.
  void CountEntry();
  void CountBytes(std::uint64_t count);  // of content

 private:
  const std::uint64_t max_bytes_;
  const std::uint64_t max_entries_;
  std::uint64_t bytes_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t next_check_ = 0;  // bytes
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_UNPACK_LIMITS_H_
