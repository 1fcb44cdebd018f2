// Processes of the machine.
#ifndef RELEASE_OS_POSIX_RUNNER_H_
#define RELEASE_OS_POSIX_RUNNER_H_

#include <string>
#include <vector>

#include "os/runner.h"

namespace release {

// Run, beyond what the door promises:
//
// - The command leads a process group of its own, has default signal actions
//   and an empty signal mask, and inherits no descriptor but 0, 1 and 2 and
//   those of its files, which like its input are kept in memory. Without input
//   its stdin is /dev/null.
// - When its time is over the group gets SIGTERM, 2 s later SIGKILL. The result
//   is kTimedOut even where the command then exits with 0. One that does not
//   die of SIGKILL either (dead network storage) is left behind after 5 s.
// - An interrupt (os/interrupt.h) ends it in the same way; the result is
//   kSignalled with the interrupt's signal, whatever the command made of it.
//   Where the request was there before, nothing is started. Whoever must run a
//   command all the same, to undo, holds interrupts.
// - When the command itself has ended, its output is awaited for 100 ms more. A
//   daemon that it left in the background lives on, and finds its output closed
//   if it kept ours. Only a command that was ended takes its group along.
// - No signal can hit a stranger: the group is killed before its leader is
//   reaped, so the number is not free yet.
//
// Holds no state; any number may exist, in any thread.
class PosixRunner : public Runner {
 public:
  // Resets the action of SIGCHLD: a caller that ignored it, which is inherited,
  // would have the kernel throw exit statuses away.
  PosixRunner();

  CommandResult Run(const Command& command) override;
  std::vector<ProcessUse> UsersOf(const std::string& directory) override;
  bool Signal(int pid, int signal) override;
};

}  // namespace release

#endif  // RELEASE_OS_POSIX_RUNNER_H_
