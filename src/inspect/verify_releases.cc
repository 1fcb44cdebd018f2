#include "inspect/verify_releases.h"

#include <fmt/format.h>

#include "store/instance_link.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/unlocked_read.h"
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

}  // namespace

std::optional<VerifiedRelease> VerifyIfThere(DeployContext* context,
                                             const Version& version) {
  return ReadIfThere(context->fs, version,
                     [&] { return Verify(context, version); });
}

}  // namespace release
