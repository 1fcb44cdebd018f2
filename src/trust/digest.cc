#include "trust/digest.h"

#include <nettle/sha2.h>
#include <xxhash.h>

#include <cstdint>

#include "base/hex.h"
#include "trust/xxh3_avx2.h"

namespace release {
namespace {

// Converts to big-endian bytes, so that a manifest is the same on every CPU.
ContentHash Canonical(const XXH128_hash_t& value) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, value);
  ContentHash out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes.digest[i];
  return out;
}

// The program is built for the x86-64 baseline, so AVX2 is chosen at run time.
bool HasAvx2() {
#ifdef __x86_64__
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
#else
  return false;
#endif
}

}  // namespace

// The states are hidden so that digest.h does not include Nettle or xxHash.
struct Sha256::State {
  sha256_ctx context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { Reset(); }

Sha256::~Sha256() = default;

void Sha256::Reset() { sha256_init(&state_->context); }

void Sha256::Update(std::span<const char> bytes) {
  sha256_update(&state_->context, bytes.size(),
                reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

Sha256Bytes Sha256::FinishBytes() {
  Sha256Bytes digest;
  sha256_digest(&state_->context, digest.size(), digest.data());
  return digest;
}

std::string Sha256::Finish() { return HexText(FinishBytes()); }

struct ContentHasher::State {
  XXH3_state_t value;
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) { Reset(); }

ContentHasher::~ContentHasher() = default;

void ContentHasher::Reset() { XXH3_128bits_reset(&state_->value); }

void ContentHasher::Update(std::span<const char> bytes) {
  if (HasAvx2()) {
    UpdateWithAvx2(&state_->value, bytes.data(), bytes.size());
    return;
  }
  XXH3_128bits_update(&state_->value, bytes.data(), bytes.size());
}

ContentHash ContentHasher::Finish() const {
  return Canonical(XXH3_128bits_digest(&state_->value));
}

ContentHash HashContent(std::span<const char> bytes) {
  if (HasAvx2()) return Canonical(HashWithAvx2(bytes.data(), bytes.size()));
  return Canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace release
