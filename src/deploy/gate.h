// May this archive come in? A pure function of what is known about it.
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
  std::string app;      // empty: unnamed, so nothing is compared with it
  VerifyConfig policy;
  std::optional<ExpectedChecksum> checksum;
  // Of the archive; nothing as long as it was not read to its end. Then it is
  // judged by all else.
  std::optional<std::string> sha256;
  std::optional<Statement> statement;
  std::optional<Signer> signer;  // of the statement
  std::map<std::string, SerialUse> serials;
  std::int64_t now = 0;  // wall seconds
};

// One reason why not.
struct Objection {
  ErrorCode code;
  std::string reason;
  std::string expected;
  std::string found;
};

// All that speaks against it, what weighs most first; nothing: it may go. What
// is given is always judged; what the policy requires must be given.
std::vector<Objection> Judge(const GateFacts& facts);

// Throws the first objection as an Error whose message has all of them.
void RequireAdmission(const GateFacts& facts);

// What the record keeps of the evidence, e.g. facts["signed_by"].
std::map<std::string, std::string> EvidenceFacts(const GateFacts& facts);
// The same in words: "signed by ci@example.org, serial 7, 12 tests passed".
std::string EvidenceWords(const GateFacts& facts);

}  // namespace release

#endif  // RELEASE_DEPLOY_GATE_H_
