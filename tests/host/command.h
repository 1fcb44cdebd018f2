// Runs programs for tests: the built command and what surrounds it.
#ifndef RELEASE_TESTS_HOST_COMMAND_H_
#define RELEASE_TESTS_HOST_COMMAND_H_

#include <chrono>
#include <string>
#include <vector>

namespace release {

struct Finished {
  int exit = -1;   // exit status; -1 where it did not exit by itself
  int signal = 0;  // that ended it
  bool timed_out = false;
  std::string out;
  std::string err;

  // All of it, for a failed check.
  std::string Describe() const;
};

// One running program, leader of a process group of its own. The group is
// killed on destruction.
class Running {
 public:
  enum class Input { kNothing, kPipe };

  // argv[0] is looked up in PATH. With kPipe, ArchiveInput and EndInput are its
  // stdin.
  explicit Running(const std::vector<std::string>& argv,
                   Input input = Input::kNothing);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  int pid() const { return pid_; }
  void Signal(int signal) const;
  void WriteInput(const std::string& bytes) const;
  void EndInput();
  // What it has written to stderr so far.
  std::string ErrSoFar() const;

  // Waits for its end; when the time is over kills the group.
  Finished Wait(std::chrono::seconds limit = std::chrono::seconds(60));

 private:
  int pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  int feed_ = -1;
};

Finished Run(const std::vector<std::string>& argv,
             std::chrono::seconds limit = std::chrono::seconds(60));

// A line for sh; `$release` in it is the built command.
Finished RunShell(const std::string& line,
                  std::chrono::seconds limit = std::chrono::seconds(60));

// Polls until the condition holds; false where it does not within the limit.
template <typename Condition>
bool Eventually(Condition condition,
                std::chrono::seconds limit = std::chrono::seconds(20));

void SleepBriefly();

template <typename Condition>
bool Eventually(Condition condition, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    SleepBriefly();
  }
  return true;
}

}  // namespace release

#endif  // RELEASE_TESTS_HOST_COMMAND_H_
