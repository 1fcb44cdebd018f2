// Reads an archive's attestation and its signature. Each file is read once, so
// that the bytes verified are the bytes used.
#ifndef RELEASE_TRUST_EVIDENCE_FILE_H_
#define RELEASE_TRUST_EVIDENCE_FILE_H_

#include <optional>
#include <string>

namespace release {

struct EvidenceFile {
  std::string text;
  std::string origin;  // its path, or how it was given; for messages
};

// The evidence that came with an archive.
struct Evidence {
  std::optional<EvidenceFile> attestation;  // see trust/attestation.h
  std::optional<EvidenceFile> signature;    // SSH signature over it

  bool any() const { return attestation || signature; }
};

// Reads a file of at most kMaxStatement bytes. Throws Error kEvidenceMissing if
// it does not exist, kAttestationInvalid if it cannot be read or is too large.
EvidenceFile ReadEvidence(const std::string& path);

// Looks beside the archive for ARCHIVE.intoto.json and ARCHIVE.sig. Ignores a
// signature without an attestation, because the signature is over the
// attestation. Throws Error kAttestationInvalid if a file exists but cannot be
// read or is too large.
Evidence EvidenceBeside(const std::string& archive_path);

}  // namespace release

#endif  // RELEASE_TRUST_EVIDENCE_FILE_H_
