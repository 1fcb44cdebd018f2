#include "os/memory_limit.h"

#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace release {
namespace {

constexpr std::size_t kMany = std::size_t{1} << 30;

bool Gets(std::size_t bytes) {
  // Return memory that other tests have freed to the system; otherwise malloc
  // could reuse it without reaching the limit.
  malloc_trim(0);
  errno = 0;
  void* volatile memory = malloc(bytes);
  const bool got = memory != nullptr;
  free(memory);
  return got;
}

}  // namespace

TEST_CASE("allocation fails beyond a memory limit, and works after it") {
  const std::uint64_t limit = MemoryLimitFor(std::uint64_t{64} << 20);
  REQUIRE(limit > std::uint64_t{64} << 20);
  REQUIRE(Gets(kMany));
  {
    const MemoryLimit bounded(limit);
    CHECK(Gets(1 << 20));
    CHECK_FALSE(Gets(kMany));
    CHECK(errno == ENOMEM);
  }
  CHECK(Gets(kMany));
}

TEST_CASE("a memory limit of 0, or above another, changes nothing") {
  rlimit before = {};
  getrlimit(RLIMIT_DATA, &before);
  {
    const MemoryLimit none(0);
    CHECK(Gets(kMany));
    const MemoryLimit low(MemoryLimitFor(std::uint64_t{64} << 20));
    const MemoryLimit high(MemoryLimitFor(4 * kMany));
    CHECK_FALSE(Gets(kMany));
  }
  rlimit after = {};
  getrlimit(RLIMIT_DATA, &after);
  CHECK(after.rlim_cur == before.rlim_cur);
}

TEST_CASE("the last of several memory limits to end removes the bound") {
  rlimit before = {};
  getrlimit(RLIMIT_DATA, &before);
  const std::uint64_t limit = MemoryLimitFor(std::uint64_t{64} << 20);
  auto first = std::make_unique<MemoryLimit>(limit);
  auto second = std::make_unique<MemoryLimit>(limit);
  first.reset();
  CHECK_FALSE(Gets(kMany));
  second.reset();
  CHECK(Gets(kMany));
  rlimit after = {};
  getrlimit(RLIMIT_DATA, &after);
  CHECK(after.rlim_cur == before.rlim_cur);
}

}  // namespace release
