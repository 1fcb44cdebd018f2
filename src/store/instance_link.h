// The link in a release that leads to the directory of its instance.
//
// The front connects to ROOT/current/LINK/SOCKET, so the link must be there
// before the release goes live. It belongs to the host, not to the archive: the
// manifest does not list it.
#ifndef RELEASE_STORE_INSTANCE_LINK_H_
#define RELEASE_STORE_INSTANCE_LINK_H_

#include <vector>

#include "base/config.h"
#include "base/manifest.h"
#include "base/version.h"
#include "os/fs.h"

namespace release {

// Makes the link in the directory of a release, or makes it right if it leads
// elsewhere. The directory keeps its modification time. Returns whether it had
// to; false without [instances]. Throws Error kUnsafeEntry if the release has
// another entry of that name; FsError. Not durable.
bool MakeInstanceLink(Fs* fs, Fs::Handle release, const Config& config,
                      const Version& version);

// The same for a published release, which may be older than [instances].
// Durable on return if it had to make the link.
void EnsureInstanceLink(Fs* fs, const Config& config, const Version& version);

// Throws Error kUnsafeEntry if the archive has an entry of the link's name.
void RefuseInstanceLink(const Config& config, const Manifest& manifest);

// Removes the link from the differences between a manifest and a release.
std::vector<ManifestDifference> WithoutInstanceLink(
    const Config& config, std::vector<ManifestDifference> differences);

}  // namespace release

#endif  // RELEASE_STORE_INSTANCE_LINK_H_
