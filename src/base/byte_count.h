// The bytes that the step under way has handled, for the display of progress.
#ifndef RELEASE_BASE_BYTE_COUNT_H_
#define RELEASE_BASE_BYTE_COUNT_H_

#include <atomic>
#include <cstdint>

namespace release {

// Several threads may add while another one reads. The two numbers are not read
// together: `done` may belong to a step whose `total` is not set yet.
struct ByteCount {
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> total{0};  // 0: not known

  // Begins to count work of `bytes` bytes; 0: not known how many.
  void Begin(std::uint64_t bytes) {
    done = 0;
    total = bytes;
  }
  void Add(std::uint64_t bytes) {
    done.fetch_add(bytes, std::memory_order_relaxed);
  }
};

}  // namespace release

#endif  // RELEASE_BASE_BYTE_COUNT_H_
