#include "trust/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // see Sha256::State
#include <openssl/sha.h>
#include <xxhash.h>

#include <array>

#include "base/error.h"
#include "trust/xxh3_avx2.h"

namespace release {
namespace {

ContentHash Canonical(const XXH128_hash_t& value) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, value);
  ContentHash out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes.digest[i];
  return out;
}

void Require(bool done) {
  if (!done) {
    throw Error(ErrorCode::kInternal, "cannot compute SHA-256: no memory");
  }
}

bool HasAvx2() {
#ifdef __x86_64__
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
#else
  return false;
#endif
}

}  // namespace

// Not through EVP, which brings all of libcrypto with it: to have its tables
// relocated took each start of the command a third of its time.
struct Sha256::State {
  SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  Require(SHA256_Init(&state_->context) == 1);
}

Sha256::~Sha256() = default;

void Sha256::Update(std::span<const char> bytes) {
  Require(SHA256_Update(&state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Finish() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  Require(SHA256_Final(digest.data(), &state_->context) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xF];
  }
  return out;
}

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
