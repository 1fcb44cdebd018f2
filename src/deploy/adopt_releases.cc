#include "deploy/adopt_releases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/manifest_text.h"
#include "base/text.h"
#include "base/units.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/verify.h"

namespace release {
namespace {

using Difference = ManifestDifference;

// Warns of files that a manifest cannot list, and of files that change while
// they are hashed. Compares the tree with its new manifest to find the latter.
void WarnOfOddities(const HashedTree& tree, const std::string& path,
                    StepRecorder* recorder) {
  for (const std::string& name : tree.left_out) {
    recorder->Warn(fmt::format(
        "{}/{} is a socket, fifo or device: no manifest can hold it, and "
        "`release verify` will call it added",
        path, Printable(name)));
  }
  DeployContext* context = recorder->context();
  for (const Difference& difference :
       CompareShape(context->fs, path, tree.manifest,
                    context->ThreadsFor(kVerifyThreads))) {
    // The comparison reports sockets, fifos and devices as added; the loop
    // above has warned of them already.
    if (difference.what == Difference::What::kAdded &&
        std::binary_search(tree.left_out.begin(), tree.left_out.end(),
                           difference.path)) {
      continue;
    }
    recorder->Warn(fmt::format(
        "{}/{} changes while it is taken over; what is written to at run "
        "time belongs in {}/",
        path, Printable(difference.path), kShared));
  }
}

// Hashes a release and writes its manifest; the caller must make its name
// durable. Returns the bytes in the release's files.
std::uint64_t AdoptRelease(const AdoptedRelease& release,
                           StepRecorder* recorder) {
  DeployContext* context = recorder->context();
  const HashedTree tree =
      HashTree(context->fs, release.path, context->ThreadsFor(kVerifyThreads));
  WarnOfOddities(tree, release.path, recorder);
  WriteFileAtomically(context->fs, kManifests, release.version.name(),
                      FormatManifest(tree.manifest), 0640);
  const std::uint64_t bytes = tree.manifest.TotalBytes();
  recorder->Remark(fmt::format(
      "{} {}: {} entries, {}{}", release.version.name(),
      StateName(release.state), tree.manifest.entries.size(), FormatSize(bytes),
      release.reason.empty() ? "" : "; " + release.reason));
  return bytes;
}

}  // namespace

void AdoptReleases(const AdoptionSpec& adoption, StepRecorder* recorder,
                   PreparedTransaction* prepared) {
  Fs* fs = recorder->context()->fs;
  for (const std::string& text : adoption.warnings) recorder->Warn(text);
  // Opened before the first write, so that a sync through it reports all
  // errors.
  const ScopedHandle manifests(fs, fs->OpenDirectory(Fs::kRoot, kManifests));
  recorder->Step("hash", [&] {
    for (const AdoptedRelease& release : adoption.releases) {
      prepared->adopted_bytes.push_back(AdoptRelease(release, recorder));
    }
  });
  // The trees and manifests become durable before a record vouches for them.
  recorder->Step("sync", [&] { fs->SyncTree(manifests.get()); });
  if (adoption.order_source.empty()) return;
  recorder->facts["order_told_by"] = adoption.order_source;
  recorder->Remark(
      fmt::format("their order is told by {}", adoption.order_source));
}

}  // namespace release
