// The type of paths on the host: the root, an archive, the directory that
// --from names. Paths below the root are strings, because an Fs takes them
// apart itself (os/path_rules.h).
#ifndef RELEASE_BASE_HOST_PATH_H_
#define RELEASE_BASE_HOST_PATH_H_

#include <fmt/format.h>

#include <boost/filesystem/path.hpp>
#include <string_view>
#include <vector>

namespace release {

using HostPath = boost::filesystem::path;

// Returns whether `path` is `directory` or lies below it. Compares components,
// so neither path may contain "." or "..".
bool IsWithin(const HostPath& path, const HostPath& directory);

// Pushes the components of `path` onto the stack `ahead`, the last one first,
// so that they are walked before the components already there. An absolute path
// begins with the component "/".
void WalkFirst(const HostPath& path, std::vector<HostPath>* ahead);

}  // namespace release

// Messages show a path as it is written.
template <>
struct fmt::formatter<release::HostPath> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(const release::HostPath& path, Context& context) const {
    return fmt::formatter<std::string_view>::format(path.native(), context);
  }
};

#endif  // RELEASE_BASE_HOST_PATH_H_
