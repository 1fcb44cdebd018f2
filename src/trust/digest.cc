#include "trust/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
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

}  // namespace

bool HasAvx2() {
#ifdef __x86_64__
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
#else
  return false;
#endif
}

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) { Require(context != nullptr); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // Without the host's openssl.cnf: the providers it names are libraries made
  // for another libcrypto than ours.
  static const bool alone =
      OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1;
  Require(alone);
  Require(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::Update(std::span<const char> bytes) {
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  Require(EVP_DigestFinal_ex(state_->context, digest.data(), &length) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < length; ++i) {
    out += kDigits[digest[i] >> 4];
    out += kDigits[digest[i] & 0xF];
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
