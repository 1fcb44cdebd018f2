// Runs the built command with its changing and syncing system calls numbered
// (see rig/calls.c), so that a test can kill it before any of them or make one
// sync do nothing.
#ifndef RELEASE_TESTS_HOST_CALLS_H_
#define RELEASE_TESTS_HOST_CALLS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/command.h"

namespace release {

// A sync to leave out: its line as Made() reports it, for example "fsync
// releases", and which of the calls with that line, from 1.
struct LeftOut {
  std::string call;
  unsigned nth = 1;
};

class NumberedCalls {
 public:
  // Only calls on paths below `root` are numbered. The log is written to
  // `directory`.
  NumberedCalls(const std::string& root, const std::string& directory)
      : root_(root), log_(directory + "/calls") {}

  // Makes this sync report success without effect in every later run; nullopt
  // ends that.
  void LeaveOut(std::optional<LeftOut> left_out) { left_out_ = left_out; }

  // Runs the command line until it ends or is about to make call number `stop`
  // (0: none). In the second case the command is stopped while `at_stop` runs,
  // and then killed. `stopped` is true in that case.
  struct Run {
    bool stopped = false;
    Finished finished;
  };
  Run To(const std::vector<std::string>& command, unsigned stop,
         const std::function<void()>& at_stop) const;

  // Returns the calls of the last run in order, as "NAME PATH". If the run was
  // stopped, the last one is the call that was not made.
  std::vector<std::string> Made() const;

 private:
  std::string root_;
  std::string log_;
  std::optional<LeftOut> left_out_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_CALLS_H_
