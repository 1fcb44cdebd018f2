// Decides whether an archive is acceptable: a pure function of the evidence and
// the [verify] configuration.
#ifndef RELEASE_DEPLOY_GATE_H_
#define RELEASE_DEPLOY_GATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "store/ledger.h"
#include "trust/attestation.h"
#include "trust/checksum_file.h"
#include "trust/signature.h"

namespace release {

struct GateFacts {
  std::string archive;  // for messages
  std::string app;      // empty: do not compare the attestation's app
  VerifyConfig policy;
  std::optional<ExpectedChecksum> checksum;
  // The archive's digest; nullopt until the archive was read to its end. While
  // it is nullopt, Judge skips the comparisons with it.
  std::optional<std::string> sha256;
  // The same for the manifest of the whole release; "" if the archive has none.
  std::optional<std::string> manifest_sha256 = {};
  std::optional<Statement> statement;
  std::optional<Signer> signer;  // set if the statement's signature is valid
  std::map<std::string, SerialUse> serials;
  std::int64_t now = 0;  // wall seconds
};

// A reason to refuse the archive.
struct Objection {
  ErrorCode code;
  std::string reason;
  std::string expected;
  std::string found;
};

// Returns every objection, missing evidence first; an empty list admits the
// archive. Evidence that is given is always judged, even if the policy does not
// require it.
std::vector<Objection> Judge(const GateFacts& facts);

// Whether the statement is about the manifest, not about the archive's bytes.
bool CoversManifest(const GateFacts& facts);

// Throws the first objection as an Error whose message lists all of them.
// Returns if there is none.
void RequireAdmission(const GateFacts& facts);

// Returns the evidence as key-value pairs for the record, e.g.
// facts["signed_by"].
std::map<std::string, std::string> EvidenceFacts(const GateFacts& facts);
// Returns the same for people, e.g. "signed by ci@example.org, serial 7, 12
// tests passed"; "" without an attestation.
std::string EvidenceWords(const GateFacts& facts);

}  // namespace release

#endif  // RELEASE_DEPLOY_GATE_H_
