#include "inspect/verify_releases.h"

#include <fmt/format.h>

#include "store/instance_link.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"

namespace release {
namespace {

VerifiedRelease Verify(DeployContext* context, const Version& version) {
  VerifiedRelease verified{
      .version = version.name(), .error = "", .differences = {}};
  if (!HasManifest(context->fs, version)) {
    verified.error =
        fmt::format("there is no {} to compare it with", ManifestPath(version));
    return verified;
  }
  verified.differences = WithoutInstanceLink(
      *context->config,
      VerifyRelease(context->fs, version, context->ThreadsFor(kVerifyThreads)));
  return verified;
}

bool IsThere(Fs* fs, const Version& version) {
  return fs->Stat(Fs::kRoot, ReleasePath(version)).has_value();
}

}  // namespace

// A release loses its name before it loses its first file, so one that still
// has its name afterwards was read whole.
std::optional<VerifiedRelease> VerifyIfThere(DeployContext* context,
                                             const Version& version) {
  try {
    VerifiedRelease verified = Verify(context, version);
    if (!verified.ok() && !IsThere(context->fs, version)) return std::nullopt;
    return verified;
  } catch (const Error&) {
    if (!IsThere(context->fs, version)) return std::nullopt;
    throw;
  }
}

}  // namespace release
