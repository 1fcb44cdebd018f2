// The disk space that a release needs.
#ifndef RELEASE_DEPLOY_SPACE_NEED_H_
#define RELEASE_DEPLOY_SPACE_NEED_H_

#include <cstdint>
#include <optional>

#include "base/manifest.h"
#include "base/version.h"
#include "os/fs.h"

namespace release {

// A lower bound.
struct SpaceNeed {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;

  bool FitsInto(const SpaceInfo& space) const;

  // Subtracts files that can be shared with the earlier release, if that has
  // not changed on disk.
  void LeaveOutShared(Fs* fs, const Manifest& manifest,
                      const std::optional<Version>& earlier);
};

}  // namespace release

#endif  // RELEASE_DEPLOY_SPACE_NEED_H_
