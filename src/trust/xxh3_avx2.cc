// This file is compiled with -mavx2 (CMakeLists.txt). It must not include other
// headers: the linker could pick its AVX2 copy of an inline function for the
// whole program, which would then crash on older processors.
#include "trust/xxh3_avx2.h"

namespace release {

XXH128_hash_t HashWithAvx2(const char* bytes, std::size_t size) {
  return XXH3_128bits(bytes, size);
}

void UpdateWithAvx2(XXH3_state_t* state, const char* bytes, std::size_t size) {
  XXH3_128bits_update(state, bytes, size);
}

}  // namespace release
