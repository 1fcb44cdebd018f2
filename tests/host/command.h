// Runs programs for tests: the built command and the tools around it.
#ifndef RELEASE_TESTS_HOST_COMMAND_H_
#define RELEASE_TESTS_HOST_COMMAND_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace release {

struct Finished {
  int exit = -1;   // exit status; -1 if a signal ended it
  int signal = 0;  // the signal that ended it; 0 if none
  bool timed_out = false;
  std::string out;
  std::string err;

  // Formats all fields for the message of a failed check.
  std::string Describe() const;
};

// A running program, the leader of its own process group. The destructor kills
// the group.
class Running {
 public:
  enum class Input { kNothing, kPipe };

  // Starts the program; argv[0] is looked up in PATH. With kPipe its stdin is a
  // pipe, which WriteInput and EndInput feed; otherwise it is /dev/null. Throws
  // std::runtime_error if the program cannot be started.
  explicit Running(const std::vector<std::string>& argv,
                   Input input = Input::kNothing);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  int pid() const { return pid_; }
  // Sends a signal to the program, not to its group.
  void Signal(int signal) const;
  // Writes the bytes to its stdin; blocks while the pipe is full. Stops quietly
  // if the program has closed its end.
  void WriteInput(const std::string& bytes) const;
  // Closes its stdin.
  void EndInput();
  // Returns its standard error so far.
  std::string ErrSoFar() const;

  // Waits for the end of the program and returns its output. Kills the group
  // after `limit`; `timed_out` is true then.
  Finished Wait(std::chrono::seconds limit = std::chrono::seconds(60));

 private:
  int pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  int feed_ = -1;
};

// Starts the program and waits for its end.
Finished Run(const std::vector<std::string>& argv,
             std::chrono::seconds limit = std::chrono::seconds(60));

// Runs a line with sh; `$release` in it is the path of the built command.
Finished RunShell(const std::string& line,
                  std::chrono::seconds limit = std::chrono::seconds(60));

// Polls until the condition holds. Returns false if it does not hold within the
// limit. Pauses for three times as long as the condition took, because one that
// runs programs would otherwise take a processor from the tests beside this
// one.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::nanoseconds limit = std::chrono::seconds(20));

}  // namespace release

#endif  // RELEASE_TESTS_HOST_COMMAND_H_
