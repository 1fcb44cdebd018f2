#include "os/path_rules.h"

#include <algorithm>
#include <cerrno>

namespace release {
namespace {

constexpr std::size_t kLongestName = 255;  // bytes; NAME_MAX on Linux

int ComponentError(std::string_view component) {
  if (component == "..") return EXDEV;
  if (component.empty() || component == ".") return EINVAL;
  if (component.size() > kLongestName) return ENAMETOOLONG;
  return 0;
}

}  // namespace

int PathError(std::string_view path, PathUse use) {
  if (path.empty() || path == ".") return use == PathUse::kLook ? 0 : EINVAL;
  if (path.front() == '/') return EXDEV;
  if (path.find('\0') != std::string_view::npos) return EINVAL;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const int error = ComponentError(path.substr(start, end - start));
    if (error != 0) return error;
    start = end + 1;
  }
  return 0;
}

PathParts SplitPath(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string JoinPath(const std::string& directory, const std::string& path) {
  if (path.empty() || path == ".") return directory;
  if (directory.empty() || directory.back() == '/') return directory + path;
  return directory + "/" + path;
}

std::string ParentOf(std::string_view path) {
  return std::string(SplitPath(path).parent);
}

std::string LeafOf(std::string_view path) {
  return std::string(SplitPath(path).leaf);
}

}  // namespace release
