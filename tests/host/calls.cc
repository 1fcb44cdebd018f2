#include "host/calls.h"

#include <signal.h>
#include <sys/wait.h>

#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/archives.h"

namespace release {
namespace {

// Waits until the process stops (returns true) or ends (returns false). Leaves
// the exit status for the caller to collect (WNOWAIT).
bool Stops(int pid) {
  for (;;) {
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(pid), &info,
           WSTOPPED | WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == pid) return info.si_code == CLD_STOPPED;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

NumberedCalls::Run NumberedCalls::To(
    const std::vector<std::string>& command, unsigned stop,
    const std::function<void()>& at_stop) const {
  // INVOCATION_ID makes the command think that it runs in a unit; it then does
  // everything in one process, and no work escapes the numbering.
  std::vector<std::string> line = {"env",
                                   "INVOCATION_ID=rig",
                                   "LD_PRELOAD=" RELEASE_RIG_CALLS,
                                   "RIG_ROOT=" + root_,
                                   "RIG_LOG=" + log_,
                                   "RIG_STOP=" + std::to_string(stop)};
  if (left_out_) {
    line.push_back("RIG_LEAVE_OUT=" + left_out_->call);
    line.push_back("RIG_LEAVE_NTH=" + std::to_string(left_out_->nth));
  }
  line.insert(line.end(), command.begin(), command.end());
  Running running(line);
  Run run;
  run.stopped = Stops(running.pid());
  if (run.stopped) {
    at_stop();
    running.Signal(SIGKILL);
  }
  run.finished = running.Wait();
  return run;
}

std::vector<std::string> NumberedCalls::Made() const {
  std::vector<std::string> calls;
  std::istringstream lines(Slurp(log_));
  for (std::string line; std::getline(lines, line);) calls.push_back(line);
  return calls;
}

}  // namespace release
