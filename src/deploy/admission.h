// The gate at work: reads the evidence that came with an archive, and the whole
// archive before anything looks into it.
#ifndef RELEASE_DEPLOY_ADMISSION_H_
#define RELEASE_DEPLOY_ADMISSION_H_

#include <map>
#include <string>

#include "deploy/deploy_context.h"
#include "deploy/gate.h"
#include "deploy/incoming_archive.h"
#include "os/input.h"

namespace release {

// Judges it by everything but its bytes: what is required and given, who
// signed, for what and when. Throws what refuses it. The facts are for
// AdmitBytes; `sha256` in them is still open.
GateFacts AdmitEvidence(DeployContext* context, const IncomingArchive& archive,
                        const std::map<std::string, SerialUse>& serials);

// Copies the archive to a nameless file beneath the root, hashing it, and
// judges it once more. What was hashed is what `source` gives afterwards,
// whatever becomes of the original. Throws what refuses it, and kLimitExceeded
//
// where it is larger than the configuration lets it unpack to.
void AdmitBytes(DeployContext* context, GateFacts* facts, ByteSource* source);

}  // namespace release

#endif  // RELEASE_DEPLOY_ADMISSION_H_
