// Incremental SHA-256 and XXH3-128.
#ifndef RELEASE_TRUST_DIGEST_H_
#define RELEASE_TRUST_DIGEST_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/manifest.h"

namespace release {

// SHA-256. Checksums and attestations identify an archive by it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  // Starts over, as if newly constructed.
  void Reset();
  void Update(std::span<const char> bytes);
  // Both return the digest of all bytes so far, Finish as 64 lower-case hex
  // digits, and start over.
  Sha256Bytes FinishBytes();
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3-128, the hash that a manifest stores for each file. It is fast but not
// cryptographic: it detects damage, not tampering.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  // Starts over, as if newly constructed.
  void Reset();
  void Update(std::span<const char> bytes);
  // Returns the hash of all bytes since construction or Reset. May be called
  // repeatedly.
  ContentHash Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Hashes one buffer; the same value as ContentHasher gives.
ContentHash HashContent(std::span<const char> bytes);

}  // namespace release

#endif  // RELEASE_TRUST_DIGEST_H_
