#include "deploy/release_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "store/instance_link.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"

namespace release {
namespace {

using Differences = std::vector<ManifestDifference>;

Differences Compare(DeployContext* context, const Version& version) {
  return WithoutInstanceLink(
      *context->config,
      CompareShape(context->fs, version, context->ThreadsFor(kVerifyThreads)));
}

// "releases/2 has changed since it was published: ...".
std::string Describe(const Version& version, const ManifestDifference& first,
                     std::size_t count) {
  return fmt::format(
      "{} has changed since it was published ({} is {}, {} difference{}); "
      "`release verify {}` lists {}",
      ReleasePath(version), Quoted(first.path), DifferenceName(first.what),
      count, count == 1 ? "" : "s", version.name(), count == 1 ? "it" : "them");
}

}  // namespace

Reason DescribeAlteration(DeployContext* context, const Version& version) {
  try {
    if (!HasManifest(context->fs, version)) return std::nullopt;
    const Differences found = Compare(context, version);
    if (found.empty()) return std::nullopt;
    return Describe(version, found.front(), found.size());
  } catch (const Error& error) {
    return fmt::format("cannot compare {} with its manifest: {}",
                       ReleasePath(version), error.what());
  }
}

Reason RequireUnaltered(DeployContext* context, const Version& version) {
  const Differences found = Compare(context, version);
  if (found.empty()) return std::nullopt;
  const auto worst =
      std::find_if(found.begin(), found.end(), [](const auto& difference) {
        return difference.what != ManifestDifference::What::kAdded;
      });
  if (worst == found.end()) {
    return Describe(version, found.front(), found.size());
  }
  throw Error(
      ErrorCode::kReleaseAltered,
      fmt::format("cannot use {}: {}; deploy the archive under another "
                  "version",
                  version.name(), Describe(version, *worst, found.size())),
      fmt::format("{}/{}", ReleasePath(version), worst->path));
}

}  // namespace release
