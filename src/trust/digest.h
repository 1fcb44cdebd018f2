// Digests, computed piece by piece.
#ifndef RELEASE_TRUST_DIGEST_H_
#define RELEASE_TRUST_DIGEST_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/manifest.h"

namespace release {

// SHA-256: what evidence and checksums about an archive are bound to.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Update(std::span<const char> bytes);
  // 64 lower-case hex digits of all bytes so far; call once, last.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3-128: what a manifest holds for each file.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  void Reset();
  void Update(std::span<const char> bytes);
  ContentHash Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

ContentHash HashContent(std::span<const char> bytes);

}  // namespace release

#endif  // RELEASE_TRUST_DIGEST_H_
