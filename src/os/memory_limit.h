// A bound on what code that is not ours may allocate.
#ifndef RELEASE_OS_MEMORY_LIMIT_H_
#define RELEASE_OS_MEMORY_LIMIT_H_

#include <cstdint>

namespace release {

// How many bytes of memory of its own this process may come to have (as
// RLIMIT_DATA counts) before it has `more` than now. 0 where the system does
// not tell how much it has.
std::uint64_t MemoryLimitFor(std::uint64_t more);

// While one lives the process gets no memory beyond `limit` bytes: malloc
// returns null and sets ENOMEM, in every thread. Nothing is limited where
// `limit` is 0, or above a limit that is in force. Where several live at once,
// in threads, the limit of the first holds until the last has gone. Start no
// program meanwhile: it would inherit the limit.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::uint64_t limit);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  bool counts_ = false;  // among those that keep the limit
};

}  // namespace release

#endif  // RELEASE_OS_MEMORY_LIMIT_H_
