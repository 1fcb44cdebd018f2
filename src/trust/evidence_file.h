// Files that vouch for an archive, read once.
#ifndef RELEASE_TRUST_EVIDENCE_FILE_H_
#define RELEASE_TRUST_EVIDENCE_FILE_H_

#include <optional>
#include <string>

namespace release {

struct EvidenceFile {
  std::string text;
  std::string origin;  // where it came from: a path, or how it was given
};

// What came with an archive.
struct Evidence {
  std::optional<EvidenceFile> attestation;  // see trust/attestation.h
  std::optional<EvidenceFile> signature;    // an SSH signature over it

  bool any() const { return attestation || signature; }
};

// Throws Error kEvidenceMissing where there is no such file, and
// kAttestationInvalid where it cannot be read or is too large.
EvidenceFile ReadEvidence(const std::string& path);

// Looks beside the archive for ARCHIVE.intoto.json and ARCHIVE.sig. A signature
// alone is left out: there is nothing that it could be a signature of. Throws
// Error kAttestationInvalid where one is there and cannot be read.
Evidence EvidenceBeside(const std::string& archive_path);

}  // namespace release

#endif  // RELEASE_TRUST_EVIDENCE_FILE_H_
