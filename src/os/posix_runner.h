// Implements Runner with processes of the machine.
#ifndef RELEASE_OS_POSIX_RUNNER_H_
#define RELEASE_OS_POSIX_RUNNER_H_

#include <string>
#include <vector>

#include "os/runner.h"

namespace release {

// Run does the following beyond the contract of Runner:
//
// - The command leads its own process group and has default signal actions and
//   an empty signal mask. It inherits only descriptors 0, 1 and 2 and those of
//   Command::files, which like its input are kept in memory. Without input its
//   stdin is /dev/null.
// - When its time is over the group gets SIGTERM, and SIGKILL 2 s later. The
//   result is kTimedOut even if the command then exits with 0. A command that
//   survives SIGKILL (e.g. blocked on dead network storage) is abandoned 5 s
//   later.
// - An interrupt (os/cancellation.h) ends the command in the same way. The
//   result is kSignalled with the interrupt's signal, regardless of how the
//   command exits. If the interrupt came earlier, the command is not started.
//   An undo, which must run commands all the same, holds interrupts.
// - After the command has ended, Run reads its output for up to 100 ms more. A
//   daemon that it left in the background survives; if it still writes to our
//   pipe it finds the pipe closed. The rest of the group is killed only if Run
//   ended the command or could not learn its status.
// - Signals cannot hit an unrelated process: the group is killed before its
//   leader is reaped, so its number cannot have been reused.
//
// Holds no state; any number of objects may exist, in any thread.
class PosixRunner : public Runner {
 public:
  // Resets the action of SIGCHLD. If our parent ignored it we inherit that, and
  // the kernel would discard the exit statuses of our children.
  PosixRunner();

  CommandResult Run(const Command& command) override;
  bool Finds(const std::string& program) override;
  std::vector<ProcessUse> UsersOf(const HostPath& directory) override;
  std::optional<ProcessFacts> FactsOf(int pid) override;
  SocketPeer PeerOf(const std::string& socket) override;
  std::optional<unsigned> CountConnections(int pid,
                                           const std::string& socket) override;
  std::optional<std::uint64_t> CountOomKills(
      const std::string& control_group) override;
  bool Signal(int pid, int signal) override;
};

}  // namespace release

#endif  // RELEASE_OS_POSIX_RUNNER_H_
