// A service that is known by a pidfile and takes up a release at a signal.
#ifndef RELEASE_SERVICE_PIDFILE_H_
#define RELEASE_SERVICE_PIDFILE_H_

#include <optional>
#include <string>
#include <string_view>

namespace release {

// The number of a signal by its name, with or without "SIG", or by its number.
std::optional<int> SignalNumber(std::string_view name);

// The process id in the file; 0 where the file does not exist. Throws Error
// kReloadFailed where it holds anything else than one process id above 1.
int ReadPidfile(const std::string& path);

}  // namespace release

#endif  // RELEASE_SERVICE_PIDFILE_H_
