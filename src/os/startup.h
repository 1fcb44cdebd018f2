// What a process must set right before it opens anything.
#ifndef RELEASE_OS_STARTUP_H_
#define RELEASE_OS_STARTUP_H_

#include <string>
#include <string_view>
#include <vector>

namespace release {

// Opens /dev/null on each of descriptors 0, 1 and 2 that the caller closed, so
// that no file of ours takes their place and receives what is printed.
void FillStandardDescriptors();

// Writes all of `text` to standard output or standard error. A reader that is
// gone is no error: the caller may vanish. False where it could not be written.
bool WriteOut(std::string_view text);
bool WriteErr(std::string_view text);

// Whether standard error is a terminal.
bool ErrIsTerminal();

// The value of an environment variable; empty where it is not set.
std::string Environment(const std::string& name);

// Clears the environment of this process but for these variables, and sets a
// PATH of the system's own directories.
void KeepInEnvironment(const std::vector<std::string>& names);

// An absolute path of what may be relative to the working directory, without
// "." and "..", and without a slash at the end. Looks at no disk. Throws Error
// kUsage if the path is relative and the working directory was removed.
std::string AbsolutePath(const std::string& path);

// The same file by a path through no symbolic link; `path` itself where there
// is none.
std::string RealPath(const std::string& path);

}  // namespace release

#endif  // RELEASE_OS_STARTUP_H_
