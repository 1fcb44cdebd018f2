// A service that is known by its pidfile and reloads on a signal.
#ifndef RELEASE_SERVICE_PIDFILE_H_
#define RELEASE_SERVICE_PIDFILE_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/host_path.h"
#include "os/runner.h"

namespace release {

// Returns the number of a signal given by its name, with or without "SIG", or
// by its number, 1 to 64. Returns nullopt for anything else.
std::optional<int> SignalNumber(std::string_view name);

// A pidfile and the process that it may name.
struct Pidfile {
  std::string path;
  HostPath root;  // the app's, absolute
  Runner* runner;

  // Returns the process id in the file, 0 if the file does not exist. The
  // process may have ended. Throws Error kReloadFailed if the file is not a
  // regular file with one process id above 1, or if the process may be a
  // stranger's. The rules:
  //
  // 1. The file belongs to root, or to a user who may signal the process
  //    anyway. If it is root's, nobody else can write it.
  // 2. The process started before the file was written. A process that started
  //    later has the number by chance.
  // 3. If rule 2 does not hold, or if another user can put a different file of
  //    root's in the place of this one, then the process uses the root: its
  //    executable, working directory or a mapping is below it. A stepped clock
  //    can break rule 2 for the right process.
  int ReadPid() const;
};

}  // namespace release

#endif  // RELEASE_SERVICE_PIDFILE_H_
