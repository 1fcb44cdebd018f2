// A real systemd for tests, in a container over this host's files. See
// rig/systemd-container; needs root.
#ifndef RELEASE_TESTS_HOST_SYSTEMD_RIG_H_
#define RELEASE_TESTS_HOST_SYSTEMD_RIG_H_

#include <chrono>
#include <string>
#include <vector>

#include "os/posix_runner.h"

namespace release {

// The constructor boots the container; the destructor, or the end of this
// process, stops it. The container sees the files of this host, including this
// test program. Its writes stay in memory and are lost when it stops.
class SystemdContainer {
 public:
  // Throws std::runtime_error with the last lines of the console if the
  // container does not boot.
  SystemdContainer();
  ~SystemdContainer();
  SystemdContainer(const SystemdContainer&) = delete;
  SystemdContainer& operator=(const SystemdContainer&) = delete;

  // Runs a command inside the container, as its own transient unit.
  CommandResult Exec(const std::vector<std::string>& argv,
                     std::chrono::seconds timeout = std::chrono::seconds(60));
  // As Exec, for a line of sh.
  CommandResult Shell(const std::string& line);

  // Reboots in order: systemd stops all units first. The files remain.
  CommandResult Reboot();
  // Reboots as if by a power cycle: no process is stopped first. The files
  // remain, because the host keeps them in memory.
  CommandResult PowerCycle();
  // Stops the container and removes its directory.
  void Stop();

  // The directory that identifies the container; the host pid of its
  // supervisor, which keeps it up; and the host pid of its init.
  const std::string& directory() const { return directory_; }
  int supervisor() const { return NumberIn("supervisor"); }
  int leader() const { return NumberIn("leader"); }

 private:
  CommandResult Rig(const std::vector<std::string>& arguments,
                    std::chrono::seconds timeout);
  int NumberIn(const std::string& file) const;

  PosixRunner runner_;
  std::string directory_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_SYSTEMD_RIG_H_
