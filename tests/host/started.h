// A process that runs while the test continues.
#ifndef RELEASE_TESTS_HOST_STARTED_H_
#define RELEASE_TESTS_HOST_STARTED_H_

#include <string>
#include <vector>

namespace release {

// The destructor kills the process if it has not ended.
class Started {
 public:
  // Starts the program; argv[0] is looked up in PATH. Its stdin is the
  // descriptor `input`, or /dev/null if that is -1; both output streams go to a
  // temporary file. Throws std::runtime_error if it cannot be started.
  explicit Started(const std::vector<std::string>& argv, int input = -1);
  ~Started();
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  int pid() const { return pid_; }
  bool Ended();
  // Sends a signal, unless the process is known to have ended.
  void Kill(int signal);
  // Waits for its end. Returns the exit status, or 128 + N after signal N.
  int Wait();
  // Returns its output so far.
  std::string Output() const;

 private:
  int pid_ = 0;
  bool ended_ = false;
  int status_ = 0;
  std::string output_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_STARTED_H_
