// A service that is known by its pidfile and reloads on a signal.
#ifndef RELEASE_SERVICE_PIDFILE_H_
#define RELEASE_SERVICE_PIDFILE_H_

#include <optional>
#include <string>
#include <string_view>

namespace release {

// Returns the number of a signal given by its name, with or without "SIG", or
// by its number, 1 to 64. Returns nullopt for anything else.
std::optional<int> SignalNumber(std::string_view name);

// Returns the process id in the file, 0 if the file does not exist. Throws
// Error kReloadFailed if the file holds anything but one process id above 1.
int ReadPidfile(const std::string& path);

}  // namespace release

#endif  // RELEASE_SERVICE_PIDFILE_H_
