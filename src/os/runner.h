// The door to other processes.
#ifndef RELEASE_OS_RUNNER_H_
#define RELEASE_OS_RUNNER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace release {

struct Command {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH
  std::map<std::string, std::string> env;  // added to the caller's own
  std::string directory;                   // empty: "/"
  std::string input;                       // what it reads from stdin
  // Files that nobody else can see or change: their contents, which the command
  // opens as /proc/self/fd/3, /proc/self/fd/4, ... in this order.
  std::vector<std::string> files;
  std::chrono::nanoseconds timeout{0};  // 0: none
  std::size_t max_output = 64 * 1024;   // what is kept: the last bytes
};

struct CommandResult {
  enum class End { kExited, kSignalled, kTimedOut, kNotStarted, kLost };
  End end = End::kNotStarted;
  // Exit status, signal number, or the errno of the start or of the wait: kLost
  // means that the kernel did not report how the command ended.
  int status = 0;
  std::string output;  // stdout and stderr as they came, its end

  bool ok() const { return end == End::kExited && status == 0; }
  // "exit status 3", "killed by signal 9", "timed out", "cannot start: ...",
  // "its exit status is lost: ...".
  std::string Describe() const;
};

// One way in which a process keeps a directory in use.
struct ProcessUse {
  int pid = 0;
  std::string name;  // the process's command name
  enum class What { kExecutable, kDirectory, kMapping, kOpenFile } what;
  std::string path;  // absolute
};

class Runner {
 public:
  virtual ~Runner() = default;

  // Runs the command in a process group of its own with no descriptor of ours
  // but those of `input` and `files`, waits, and kills the whole group when the
  // time is over. A process that the command leaves in the background lives on
  // if the command ended by itself.
  // Failures of the command are values, never exceptions.
  virtual CommandResult Run(const Command& command) = 0;

  // Processes that use something below the absolute directory: those this
  // caller may look into.
  virtual std::vector<ProcessUse> UsersOf(const std::string& directory) = 0;

  // Sends a signal; false where there is no such process.
  virtual bool Signal(int pid, int signal) = 0;
};

}  // namespace release

#endif  // RELEASE_OS_RUNNER_H_
