// Verifies SSH signatures against the configured keys, using ssh-keygen(1).
#ifndef RELEASE_TRUST_SIGNATURE_H_
#define RELEASE_TRUST_SIGNATURE_H_

#include <optional>
#include <string>

#include "base/config.h"
#include "os/runner.h"
#include "trust/evidence_file.h"

namespace release {

// The content of the configured key files, read once.
struct TrustedKeys {
  std::string allowed;                 // the text of the allowed-signers file
  std::optional<std::string> revoked;  // the text of the revocation list
  std::string origin;                  // the path of the allowed-signers file
};

// Reads the files named in [verify]. Throws Error kKeysUnusable if no keys are
// configured, if a file cannot be read or breaks the rules of
// trust/allowed_signers.h, or if this process is root and another user can
// change a file.
TrustedKeys ReadTrustedKeys(const VerifyConfig& verify);

struct Signer {
  std::string principal;  // as in the allowed-signers file
  std::string key;        // its fingerprint, "SHA256:..."
};

// Returns who made `signature` over `text`. ssh-keygen reads private copies in
// memory, so nobody can change a file between the check and its use. Throws
// Error kSignatureInvalid if this is not a signature over `text` for the
// namespace `release` (or if ssh-keygen cannot run), kKeyNotAllowed if its key
// is unknown, expired or revoked, and kInterrupted.
Signer VerifySignature(Runner* runner, const EvidenceFile& text,
                       const EvidenceFile& signature, const TrustedKeys& keys);

}  // namespace release

#endif  // RELEASE_TRUST_SIGNATURE_H_
