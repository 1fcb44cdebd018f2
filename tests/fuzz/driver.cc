// The entry point that libFuzzer calls, for the target that RELEASE_FUZZ_TARGET
// names. Without that macro this file is empty.
#ifdef RELEASE_FUZZ_TARGET

#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  release::RELEASE_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}

#endif  // RELEASE_FUZZ_TARGET
