// Whether a signature is by a key that counts: asks ssh-keygen(1).
#ifndef RELEASE_TRUST_SIGNATURE_H_
#define RELEASE_TRUST_SIGNATURE_H_

#include <optional>
#include <string>

#include "base/config.h"
#include "os/runner.h"
#include "trust/evidence_file.h"

namespace release {

// The keys of the configuration, as read once.
struct TrustedKeys {
  std::string allowed;                 // the text of the allowed-signers file
  std::optional<std::string> revoked;  // the revoked keys
  std::string origin;                  // the path of the former
};

// Reads them. Throws Error kKeysUnusable where there are none, where a file
// cannot be read or used, or where, for root, somebody else can write it.
TrustedKeys ReadTrustedKeys(const VerifyConfig& verify);

struct Signer {
  std::string principal;  // as in the allowed-signers file
  std::string key;        // its fingerprint, "SHA256:..."
};

// Who made `signature` over `text`. Every file that ssh-keygen reads is a
// private copy in memory: what is verified is what the caller holds. Throws
// Error kSignatureInvalid where it is none for the namespace `release` over
// this text, kKeyNotAllowed where its key is unknown, expired or revoked, and
// kInterrupted.
Signer VerifySignature(Runner* runner, const EvidenceFile& text,
                       const EvidenceFile& signature, const TrustedKeys& keys);

}  // namespace release

#endif  // RELEASE_TRUST_SIGNATURE_H_
