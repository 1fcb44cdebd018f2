#include "trust/evidence_file.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "os/input.h"
#include "trust/attestation.h"

namespace release {
namespace {

enum class Found { kNamedByCaller, kBesideArchive };

// Reads both kinds of file with the same limit: a signature is far smaller than
// a statement. Every failure gets the code for unusable evidence. The caller
// may name a pipe; a fifo that lies beside an archive would be waited for in
// vain.
std::optional<EvidenceFile> ReadIfThere(const std::string& path, Found how) {
  try {
    if (how == Found::kBesideArchive) {
      auto file = ReadRegularFile(path, kMaxStatement);
      if (!file) return std::nullopt;
      return EvidenceFile{std::move(file->content), path};
    }
    auto text = ReadSmallFile(path, kMaxStatement);
    if (!text) return std::nullopt;
    return EvidenceFile{std::move(*text), path};
  } catch (const Error& error) {
    throw Error(ErrorCode::kAttestationInvalid, error.what(), path);
  }
}

}  // namespace

EvidenceFile ReadEvidence(const std::string& path) {
  auto file = ReadIfThere(path, Found::kNamedByCaller);
  if (file) return std::move(*file);
  throw Error(ErrorCode::kEvidenceMissing,
              fmt::format("cannot read {}: no such file", Quoted(path)), path);
}

Evidence EvidenceBeside(const std::string& archive_path) {
  Evidence evidence;
  evidence.attestation =
      ReadIfThere(archive_path + ".intoto.json", Found::kBesideArchive);
  if (evidence.attestation) {
    evidence.signature =
        ReadIfThere(archive_path + ".sig", Found::kBesideArchive);
  }
  return evidence;
}

}  // namespace release
