// XXH3-128 with AVX2, twice as fast as what every x86-64 can do. Only for
// processors that have it.
#ifndef RELEASE_TRUST_XXH3_AVX2_H_
#define RELEASE_TRUST_XXH3_AVX2_H_

#include <xxhash.h>

#include <cstddef>

namespace release {

// As XXH3_128bits and XXH3_128bits_update have it.
XXH128_hash_t HashWithAvx2(const char* bytes, std::size_t size);
void UpdateWithAvx2(XXH3_state_t* state, const char* bytes, std::size_t size);

}  // namespace release

#endif  // RELEASE_TRUST_XXH3_AVX2_H_
