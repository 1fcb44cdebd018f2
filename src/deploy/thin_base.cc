#include "deploy/thin_base.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/hex.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "store/layout.h"
#include "store/packed_manifest.h"

namespace release {
namespace {

// Returns the text of the release's manifest if it has that digest.
std::optional<std::string> TextWithDigest(Fs* fs, const Version& version,
                                          const Sha256Bytes& digest) {
  auto text = ReadPackedManifest(fs, version);
  if (text && DigestOf(*text) == digest) return text;
  return std::nullopt;
}

// The live release first: it is the base most of the time.
std::vector<Version> InOrder(const DeploymentState& state) {
  std::vector<Version> versions;
  if (state.live && state.listing.versions.contains(*state.live)) {
    versions.push_back(*state.live);
  }
  for (const Version& version : state.listing.versions) {
    if (version != state.live) versions.push_back(version);
  }
  return versions;
}

}  // namespace

std::unique_ptr<KeptBase> FindBase(Fs* fs, const DeploymentState& state,
                                   const ThinManifest& thin,
                                   const std::string& name) {
  for (const Version& version : InOrder(state)) {
    const auto text = TextWithDigest(fs, version, thin.base);
    if (!text) continue;
    ScopedHandle tree(fs, fs->OpenDirectory(Fs::kRoot, ReleasePath(version)));
    ThinBase base{fs, tree.get(), version.name(),
                  ParseManifest(*text, version.name())};
    return std::make_unique<KeptBase>(
        KeptBase{version, std::move(tree), std::move(base)});
  }
  throw Error(ErrorCode::kBaseMissing,
              fmt::format("cannot accept {}: it is a thin archive, and this "
                          "host keeps no release with the manifest that it was "
                          "made by; deploy the full archive",
                          Printable(name)),
              name, HexText(thin.base));
}

}  // namespace release
