#include "base/host_path.h"

#include <algorithm>

namespace release {

bool IsWithin(const HostPath& path, const HostPath& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(),
                       path.end())
             .first == directory.end();
}

}  // namespace release
