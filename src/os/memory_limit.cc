#include "os/memory_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <mutex>

namespace release {
namespace {

bool SetSoftLimit(std::uint64_t limit) {
  rlimit now = {};
  if (getrlimit(RLIMIT_DATA, &now) != 0) return false;
  now.rlim_cur = limit;
  return setrlimit(RLIMIT_DATA, &now) == 0;
}

// Threads may have one each, and which of them ends first nobody knows: the
// first that begins sets the limit, and the last that ends takes it away.
std::mutex mutex;
unsigned in_force = 0;
std::uint64_t before = 0;

}  // namespace

std::uint64_t MemoryLimitFor(std::uint64_t more) {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  // The sixth number is of data and stacks, in pages.
  for (int i = 0; i < 6; ++i) file >> pages;
  if (!file || pages == 0) return 0;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + more;
}

MemoryLimit::MemoryLimit(std::uint64_t limit) {
  const std::lock_guard lock(mutex);
  rlimit now = {};
  if (limit == 0) return;
  if (in_force == 0) {
    if (getrlimit(RLIMIT_DATA, &now) != 0 || limit >= now.rlim_cur) return;
    before = now.rlim_cur;
    if (!SetSoftLimit(limit)) return;
  }
  ++in_force;
  counts_ = true;
}

MemoryLimit::~MemoryLimit() {
  const std::lock_guard lock(mutex);
  if (counts_ && --in_force == 0) SetSoftLimit(before);
}

}  // namespace release
