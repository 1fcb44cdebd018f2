// A process that runs beside the test.
#ifndef RELEASE_TESTS_HOST_STARTED_H_
#define RELEASE_TESTS_HOST_STARTED_H_

#include <string>
#include <vector>

namespace release {

// Killed on destruction where it has not ended.
class Started {
 public:
  // Its input is `input`, where given, else empty. Its output, both streams, is
  // collected in a file.
  explicit Started(const std::vector<std::string>& argv, int input = -1);
  ~Started();
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  int pid() const { return pid_; }
  bool Ended();
  void Kill(int signal);
  // Waits for its end: the exit status, or 128 and the signal.
  int Wait();
  std::string Output() const;

 private:
  int pid_ = 0;
  bool ended_ = false;
  int status_ = 0;
  std::string output_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_STARTED_H_
