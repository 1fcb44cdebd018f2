#include "cli/manifest_command.h"

#include "archive/thin_manifest.h"
#include "base/hex.h"
#include "base/manifest_text.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/session.h"
#include "deploy/deployment_state.h"
#include "deploy/kept_manifest.h"
#include "os/startup.h"
#include "store/unlocked_read.h"

namespace release {

int RunManifest(const GlobalOptions& global, const ManifestOptions& options) {
  Session session(global);
  const DeploymentState state = ReadDeploymentState(session.fs());
  const Version version = options.version.empty()
                              ? RequireLive(state)
                              : Version::ParseOrThrow(options.version);
  RequireRelease(state, version);
  const auto kept = ReadIfThere(session.fs(), version, [&] {
    return KeptManifest(*session.context(), version);
  });
  if (!kept) ThrowNoSuchRelease({}, version);
  const auto& [text, stored] = *kept;
  const std::string digest = HexText(DigestOf(text));
  if (global.json) {
    const Manifest manifest = ParseManifest(text, version.name());
    PrintJson(
        ManifestJson(global.subject, {.version = version.name(),
                                      .changed = stored,
                                      .digest = digest,
                                      .bytes = manifest.TotalBytes(),
                                      .entries = manifest.entries.size()}));
  } else {
    WriteOut(options.digest ? digest + "\n" : text);
  }
  return 0;
}

}  // namespace release
