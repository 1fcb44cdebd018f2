// Limits the memory that third-party code may allocate.
#ifndef RELEASE_OS_MEMORY_LIMIT_H_
#define RELEASE_OS_MEMORY_LIMIT_H_

#include <cstdint>

namespace release {

// Returns the limit, in bytes of private memory as RLIMIT_DATA counts it, that
// lets this process allocate `more` bytes in addition to what it has now.
// Returns 0 if the present amount is unknown.
std::uint64_t MemoryLimitFor(std::uint64_t more);

// Limits the process to `limit` bytes for the lifetime of the object: beyond it
// malloc returns null with ENOMEM, in every thread. Does nothing if `limit` is
// 0 or not below the limit already in force. If objects overlap in several
// threads, the limit of the first applies until the last is destroyed. Do not
// start a program meanwhile: it would inherit the limit.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::uint64_t limit);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  bool counts_ = false;  // whether this object keeps the limit in force
};

}  // namespace release

#endif  // RELEASE_OS_MEMORY_LIMIT_H_
