#include "base/host_path.h"

#include <algorithm>

namespace release {

bool IsWithin(const HostPath& path, const HostPath& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(),
                       path.end())
             .first == directory.end();
}

void WalkFirst(const HostPath& path, std::vector<HostPath>* ahead) {
  const std::vector<HostPath> parts(path.begin(), path.end());
  ahead->insert(ahead->end(), parts.rbegin(), parts.rend());
}

}  // namespace release
