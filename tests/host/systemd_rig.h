// A real systemd for tests: a container over this host's files.
#ifndef RELEASE_TESTS_HOST_SYSTEMD_RIG_H_
#define RELEASE_TESTS_HOST_SYSTEMD_RIG_H_

#include <chrono>
#include <string>
#include <vector>

#include "os/posix_runner.h"

namespace release {

// Boots on construction, ends on destruction (or with this process). Whatever
// is written inside is kept in memory and gone with it. Files under / of this
// host are there, this very program included.
class SystemdContainer {
 public:
  // Throws std::runtime_error, with the console's last lines, where it does not
  // boot.
  SystemdContainer();
  ~SystemdContainer();
  SystemdContainer(const SystemdContainer&) = delete;
  SystemdContainer& operator=(const SystemdContainer&) = delete;

  // Runs a command inside as a unit of its own.
  CommandResult Exec(const std::vector<std::string>& argv,
                     std::chrono::seconds timeout = std::chrono::seconds(60));
  // The same for a shell line.
  CommandResult Shell(const std::string& line);

  // Boots again with the files as they are.
  CommandResult Reboot();
  // The same, without a word to anything that runs inside.
  CommandResult PowerCycle();
  void Stop();

  // The handle's directory; the process that keeps it up; and its init.
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
