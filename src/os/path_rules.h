// Which paths an Fs takes, and where their last component begins.
#ifndef RELEASE_OS_PATH_RULES_H_
#define RELEASE_OS_PATH_RULES_H_

#include <string>
#include <string_view>

namespace release {

// What a call wants of the path: to look at what it names, where "" and "."
// are the directory itself, or to change what has that name.
enum class PathUse { kLook, kName };

// 0, or the errno with which every Fs refuses the path: EXDEV where it is
// absolute or has a component ".."; EINVAL where a component is empty or ".",
// or where a zero byte is in it; ENAMETOOLONG for a component over 255 bytes.
int PathError(std::string_view path, PathUse use);

struct PathParts {
  std::string_view parent;  // empty: the directory that the path starts at
  std::string_view leaf;
};

// Both parts refer to `path`.
PathParts SplitPath(std::string_view path);

// The path of `path` beneath `directory`, either of which may be empty.
std::string JoinPath(const std::string& directory, const std::string& path);

// The directory that a relative path is in; "" at the top.
std::string ParentOf(std::string_view path);

}  // namespace release

#endif  // RELEASE_OS_PATH_RULES_H_
