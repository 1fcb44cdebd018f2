// Decides whether root may work in an app's root.
#ifndef RELEASE_STORE_ROOT_SAFETY_H_
#define RELEASE_STORE_ROOT_SAFETY_H_

#include <optional>
#include <string>

#include "base/host_path.h"

namespace release {

struct UnsafeRoot {
  std::string path;  // the first place that others can write
  // The reason, and the commands to type, which mend every place at once.
  std::string words;
};

// Checks whether another user can write the directories of the root that only
// the tool changes, or replace them. `root` is absolute; what it lacks is
// judged by the directory above. Returns nullopt if only root can, or if this
// process is not root. Directories for the app, such as shared/, do not count.
std::optional<UnsafeRoot> FindUnsafeRoot(const HostPath& root);

// Throws Error kRootUnsafe, with the commands to type.
void RequireSafeRoot(const HostPath& root);

}  // namespace release

#endif  // RELEASE_STORE_ROOT_SAFETY_H_
