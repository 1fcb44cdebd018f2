#include "trust/xxh3_avx2.h"

#include <doctest/doctest.h>

#include <string>

#ifdef __x86_64__

namespace release {
namespace {

TEST_CASE("xxh3 avx2: hashes are equal with and without AVX2") {
  // The test needs a processor with AVX2: without one nothing is compared.
  REQUIRE(__builtin_cpu_supports("avx2"));
  std::string text(3'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(i * 7919 >> 3);
  }
  // This file is compiled without -mavx2, so XXH3_128bits is the plain version.
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const XXH128_hash_t plain = XXH3_128bits(text.data(), size);
    REQUIRE(XXH128_isEqual(HashWithAvx2(text.data(), size), plain) == 1);
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    UpdateWithAvx2(&state, text.data(), size / 3);
    UpdateWithAvx2(&state, text.data() + size / 3, size - size / 3);
    REQUIRE(XXH128_isEqual(XXH3_128bits_digest(&state), plain) == 1);
  }
}

}  // namespace
}  // namespace release

#endif  // __x86_64__
