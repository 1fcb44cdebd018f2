// Prepares the process at startup, and accesses its streams and environment.
#ifndef RELEASE_OS_STARTUP_H_
#define RELEASE_OS_STARTUP_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/host_path.h"
#include "base/reason.h"

namespace release {

// Opens /dev/null on each of descriptors 0, 1 and 2 that the caller closed.
// Otherwise a file opened later could get such a number and receive our output.
// Must be called before anything is opened.
void FillStandardDescriptors();

// Write all of `text` to standard output or standard error. Return false if it
// could not be written. SIGPIPE is ignored (os/cancellation.h), so a reader
// that is gone does not kill the command.
bool WriteOut(std::string_view text);
bool WriteErr(std::string_view text);

// Returns why standard output could not be written since the program began, or
// nullopt if it could. A reader or terminal that is gone does not count: it may
// vanish at any time.
[[nodiscard]] Reason LostOutput();

// Returns whether nobody can read standard output any more, because the reader
// of the pipe or the terminal is gone.
[[nodiscard]] bool OutIsClosed();

// Returns the value of an environment variable, or "" if it is not set.
std::string Environment(const std::string& name);

// Removes all environment variables except `names`, and sets PATH to the
// system's own directories unless `names` contains it.
void KeepInEnvironment(const std::vector<std::string>& names);

// Returns the working directory, or an empty path if it cannot be read.
HostPath WorkingDirectory();

// Returns the path made absolute, without ".", ".." and trailing slashes. Does
// not access the disk, so it does not resolve symbolic links. Throws Error
// kUsage if the path is relative and the working directory was removed.
HostPath AbsolutePath(const HostPath& path);

// Returns the absolute path, or the nearest directory above it that exists.
HostPath NearestExisting(const HostPath& path);

// Returns the path with all symbolic links resolved, or `path` itself if that
// fails.
HostPath RealPath(const HostPath& path);

}  // namespace release

#endif  // RELEASE_OS_STARTUP_H_
