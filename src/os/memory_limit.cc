#include "os/memory_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <mutex>

namespace release {
namespace {

// The limit applies to the whole process, but several threads may have a
// MemoryLimit, which end in any order. The first one sets the limit and the
// last one removes it.
std::mutex mutex;
unsigned in_force = 0;  // objects that keep the limit
rlimit before = {};     // the limit to restore

bool SetSoftLimit(std::uint64_t limit) {
  const rlimit limits{limit, before.rlim_max};
  return setrlimit(RLIMIT_DATA, &limits) == 0;
}

bool Begin(std::uint64_t limit) {
  if (getrlimit(RLIMIT_DATA, &before) != 0) return false;
  return limit < before.rlim_cur && SetSoftLimit(limit);
}

}  // namespace

std::uint64_t MemoryLimitFor(std::uint64_t more) {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  // The sixth number is the size of data and stacks, in pages.
  for (int i = 0; i < 6; ++i) file >> pages;
  if (!file || pages == 0) return 0;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + more;
}

MemoryLimit::MemoryLimit(std::uint64_t limit) {
  if (limit == 0) return;
  const std::lock_guard lock(mutex);
  if (in_force == 0 && !Begin(limit)) return;
  ++in_force;
  counts_ = true;
}

MemoryLimit::~MemoryLimit() {
  if (!counts_) return;
  const std::lock_guard lock(mutex);
  if (--in_force == 0) SetSoftLimit(before.rlim_cur);
}

}  // namespace release
