// Defines which paths an Fs accepts, and splits and joins them.
#ifndef RELEASE_OS_PATH_RULES_H_
#define RELEASE_OS_PATH_RULES_H_

#include <string>
#include <string_view>

namespace release {

// How a call uses its path. With kLook it acts on the object, and "" and "."
// mean the directory itself. With kName it creates, renames or removes the
// name.
enum class PathUse { kLook, kName };

// Returns 0, or the errno with which every Fs refuses the path: EXDEV if it is
// absolute or has a component ".."; EINVAL if a component is empty or ".", or
// if it contains a zero byte; ENAMETOOLONG for a component longer than 255
// bytes.
int PathError(std::string_view path, PathUse use);

struct PathParts {
  std::string_view parent;  // empty if the path has only one component
  std::string_view leaf;
};

// Splits before the last component. Both parts refer to the memory of `path`.
PathParts SplitPath(std::string_view path);

// Joins `path` to `directory`; either may be empty.
std::string JoinPath(const std::string& directory, const std::string& path);

// Returns the path without its last component; "" if it has only one.
std::string ParentOf(std::string_view path);

// Returns the last component.
std::string LeafOf(std::string_view path);

}  // namespace release

#endif  // RELEASE_OS_PATH_RULES_H_
