// The built command with each of its calls that changes or syncs the disk
// numbered: it can be stopped before any of them, and a sync be left out.
#ifndef RELEASE_TESTS_HOST_CALLS_H_
#define RELEASE_TESTS_HOST_CALLS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/command.h"

namespace release {

// "fsync releases" and which of the calls that read so, from 1.
struct LeftOut {
  std::string call;
  unsigned nth = 1;
};

class NumberedCalls {
 public:
  // Calls below `root` count.
  NumberedCalls(const std::string& root, const std::string& directory)
      : root_(root), log_(directory + "/calls") {}

  // Every later run leaves it out.
  void LeaveOut(std::optional<LeftOut> left_out) { left_out_ = left_out; }

  // Runs the command line until it ends or is about to make the call of this
  // number (0: none). There it stands still while `at_stop` runs, then it is
  // killed. `stopped` tells which it was.
  struct Run {
    bool stopped = false;
    Finished finished;
  };
  Run To(const std::vector<std::string>& command, unsigned stop,
         const std::function<void()>& at_stop) const;

  // The calls that the last run made, or was about to, in their order.
  std::vector<std::string> Made() const;

 private:
  std::string root_;
  std::string log_;
  std::optional<LeftOut> left_out_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_CALLS_H_
