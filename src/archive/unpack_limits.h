// Limits of what an archive may unpack to.
#ifndef RELEASE_ARCHIVE_UNPACK_LIMITS_H_
#define RELEASE_ARCHIVE_UNPACK_LIMITS_H_

#include <cstdint>
#include <span>

namespace release {

// Counts what is taken out of one archive. An archive of a few bytes can hold
// entries and content without end, so each is counted before it is written,
// also if it is then left out. The holes of a sparse file take no room, so an
// image of 10 GiB that stores 1 GiB counts as 1 GiB. They must be hashed, which
// takes time, so they have a limit of their own. Unpacking can go on for
// minutes. Therefore the functions also look for requests to stop: between
// entries, because many empty ones take their time, and between bytes.
class UnpackLimits {
 public:
  // 0 is no limit. Holes may have 64 times the bytes.
  UnpackLimits(std::uint64_t max_bytes, std::uint64_t max_entries)
      : max_bytes_(max_bytes), max_entries_(max_entries) {}

  // All throw Error kLimitExceeded if there are more, and kInterrupted or
  // kAborted upon a request to stop.
  void CountEntry();
  void CountContent(std::span<const char> bytes);
  // Counts bytes of content that do not pass here.
  void CountBytes(std::uint64_t count);

 private:
  void Check();

  const std::uint64_t max_bytes_;
  const std::uint64_t max_entries_;
  std::uint64_t bytes_ = 0;
  std::uint64_t holes_ = 0;  // bytes
  std::uint64_t entries_ = 0;
  std::uint64_t next_check_ = 0;  // bytes
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_UNPACK_LIMITS_H_
