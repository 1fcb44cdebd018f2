// Compares the manifest that an archive offers with what becomes, or became, of
// it on disk.
#ifndef RELEASE_DEPLOY_OFFERED_MANIFEST_H_
#define RELEASE_DEPLOY_OFFERED_MANIFEST_H_

#include <string>
#include <vector>

#include "base/manifest.h"

namespace release {

// Returns the archive's manifest with the modes that unpacking gives, and
// without the entries that shared paths replace.
Manifest AsUnpacked(Manifest manifest, const std::vector<std::string>& reserved,
                    unsigned umask);

// Returns the differences from AsUnpacked to what was unpacked.
std::vector<ManifestDifference> CompareUnpacked(
    const Manifest& offered, const Manifest& unpacked,
    const std::vector<std::string>& reserved, unsigned umask);

// Returns the differences from an existing release to what was unpacked of an
// archive, but for modes that only an earlier rule made differ: another umask,
// or that of a program which gave the owner of a file the right to write.
std::vector<ManifestDifference> CompareOffered(Manifest existing,
                                               const Manifest& offered,
                                               unsigned umask);

}  // namespace release

#endif  // RELEASE_DEPLOY_OFFERED_MANIFEST_H_
