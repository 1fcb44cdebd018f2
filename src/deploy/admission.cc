#include "deploy/admission.h"

#include <fmt/format.h>

#include <vector>

#include "archive/spool.h"
#include "base/text.h"
#include "base/units.h"
#include "os/cancellation.h"
#include "store/layout.h"
#include "trust/digest.h"

namespace release {
namespace {

constexpr std::size_t kBlockSize = std::size_t{256} << 10;

}  // namespace

GateFacts AdmitEvidence(DeployContext* context, const IncomingArchive& archive,
                        const std::map<std::string, SerialUse>& serials) {
  const Config& config = *context->config;
  GateFacts facts{.archive = archive.name,
                  .app = config.app,
                  .policy = config.verify,
                  .checksum = archive.checksum,
                  .sha256 = std::nullopt,
                  .statement = std::nullopt,
                  .signer = std::nullopt,
                  .serials = serials,
                  .now = context->system.clock->WallSeconds()};
  const auto& [attestation, signature] = archive.evidence;
  if (signature && !attestation) {
    throw Error(ErrorCode::kEvidenceMissing,
                fmt::format("cannot accept {}: {} is a signature over an "
                            "attestation, and none was given",
                            Printable(archive.name), Quoted(signature->origin)),
                signature->origin);
  }
  if (signature) {
    facts.signer = VerifySignature(context->system.runner, *attestation,
                                   *signature, ReadTrustedKeys(config.verify));
  }
  // Parse the attestation only after its signature was verified, so that the
  // parser does not see text that an attacker could have written.
  if (attestation) {
    facts.statement = ParseStatement(attestation->text, attestation->origin);
  }
  RequireAdmission(facts);
  return facts;
}

// Copies first and unpacks later, because a pipe cannot be read twice and the
// original could change between the hash and the unpacking. The gate must
// accept the whole archive before a parser reads its first byte.
void AdmitBytes(DeployContext* context, GateFacts* facts, ByteSource* source) {
  Fs* fs = context->fs;
  const std::uint64_t max_size = context->config->unpack.max_size;
  const auto copy = NamelessFile(
      fs, Fs::kRoot, fmt::format("{}/{}arrival", kOwn, kTempFilePrefix));
  std::vector<char> buffer(kBlockSize);
  Sha256 sha256;
  std::uint64_t size = 0;
  while (const std::size_t count = source->Read(buffer)) {
    ThrowIfCancelled();
    size += count;
    if (max_size != 0 && size > max_size) {
      throw Error(ErrorCode::kLimitExceeded,
                  fmt::format("cannot accept {}: it is larger than {}",
                              Printable(facts->archive), FormatSize(max_size)),
                  facts->archive);
    }
    sha256.Update({buffer.data(), count});
    fs->Write(copy->get(), {buffer.data(), count});
  }
  // With the digest known, the gate now also compares it with the evidence.
  facts->sha256 = sha256.Finish();
  RequireAdmission(*facts);
  *source = ByteSource(fs, copy);
}

}  // namespace release
