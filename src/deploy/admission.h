// Runs the gate (deploy/gate.h): reads the evidence that came with an archive,
// and hashes the whole archive before anything parses it.
#ifndef RELEASE_DEPLOY_ADMISSION_H_
#define RELEASE_DEPLOY_ADMISSION_H_

#include <map>
#include <string>

#include "deploy/deploy_context.h"
#include "deploy/gate.h"
#include "deploy/incoming_archive.h"
#include "os/input.h"

namespace release {

// Judges the archive by everything but its bytes: which evidence is required
// and given, who signed it, for what and when. Verifies the signature before it
// parses the attestation. Throws Error kEvidenceMissing if a signature came
// without an attestation, the error of the verifier or the parser, or the
// gate's first objection. Pass the returned facts to AdmitBytes; `sha256` in
// them is still nullopt.
GateFacts AdmitEvidence(DeployContext* context, const IncomingArchive& archive,
                        const std::map<std::string, SerialUse>& serials);

// Copies the archive to a nameless file below the root while hashing it, sets
// `facts->sha256`, and judges the archive again. Afterwards `*source` reads the
// copy, so that later changes to the original have no effect. Throws the gate's
// first objection, or Error kLimitExceeded if the archive is larger than
// [unpack] max_size (bytes; 0 means unlimited).
void AdmitBytes(DeployContext* context, GateFacts* facts, ByteSource* source);

}  // namespace release

#endif  // RELEASE_DEPLOY_ADMISSION_H_
