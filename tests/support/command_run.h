// Runs the command line in this process and captures its output.
#ifndef RELEASE_TESTS_SUPPORT_COMMAND_RUN_H_
#define RELEASE_TESTS_SUPPORT_COMMAND_RUN_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace release {

struct Printed {
  int exit = 0;
  std::string out;
  std::string err;
};

// Captures what `body` writes to standard output and standard error, and the
// exit status that it returns. With `terminal` set, standard error is a
// pseudo-terminal; otherwise both are files in memory.
Printed PrintedBy(const std::function<int()>& body, bool terminal = false);

// Runs `release WORDS...` with RELEASE_APP and NO_COLOR unset.
Printed RunRelease(std::vector<std::string> words);

// An app in a temporary root that the test drives through the command line.
class CommandRig {
 public:
  // Runs `release init`; the test fails if that fails.
  CommandRig();

  const std::string& path() const { return dir_.path(); }
  std::string root() const { return dir_.path() + "/srv"; }

  // Runs `release --root ROOT WORDS...`, or `release --config FILE WORDS...`
  // after Configure.
  Printed Run(const std::vector<std::string>& words) const;

  // Writes a configuration file of `root` and these lines; Run uses it from now
  // on.
  void Configure(const std::string& lines);

  // Writes a tar archive that holds bin/app, with the version in it, and
  // returns its path.
  std::string Archive(const std::string& version) const;

  // Deploys that version; the test fails if the deploy fails.
  void Deploy(const std::string& version) const;

 private:
  TempDir dir_;
  bool configured_ = false;
};

// Runs a command in a child process while the test continues. The destructor
// kills the child if Wait was not called.
class BackgroundRun {
 public:
  BackgroundRun(const CommandRig& rig, const std::vector<std::string>& words);
  ~BackgroundRun();
  BackgroundRun(const BackgroundRun&) = delete;
  BackgroundRun& operator=(const BackgroundRun&) = delete;

  // Waits for the end of the child. Returns its exit status, or -1 if a signal
  // killed it.
  int Wait();

 private:
  pid_t pid_;
};

// Repeats `probe` every 10 ms, for at most ten seconds. Returns whether it
// became true.
bool Becomes(const std::function<bool()>& probe);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_COMMAND_RUN_H_
