#include "trust/evidence_file.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "os/input.h"
#include "trust/attestation.h"

namespace release {
namespace {

// Reads both kinds of file with the same limit: a signature is far smaller than
// a statement. Every failure gets the code for unusable evidence.
std::optional<EvidenceFile> ReadIfThere(const std::string& path) {
  try {
    auto text = ReadSmallFile(path, kMaxStatement);
    if (!text) return std::nullopt;
    return EvidenceFile{std::move(*text), path};
  } catch (const Error& error) {
    throw Error(ErrorCode::kAttestationInvalid, error.what(), path);
  }
}

}  // namespace

EvidenceFile ReadEvidence(const std::string& path) {
  auto file = ReadIfThere(path);
  if (file) return std::move(*file);
  throw Error(ErrorCode::kEvidenceMissing,
              fmt::format("cannot read {}: no such file", Quoted(path)), path);
}

Evidence EvidenceBeside(const std::string& archive_path) {
  Evidence evidence;
  evidence.attestation = ReadIfThere(archive_path + ".intoto.json");
  if (evidence.attestation) {
    evidence.signature = ReadIfThere(archive_path + ".sig");
  }
  return evidence;
}

}  // namespace release
