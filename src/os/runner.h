// Interface to other processes.
#ifndef RELEASE_OS_RUNNER_H_
#define RELEASE_OS_RUNNER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/host_path.h"
#include "base/reason.h"

namespace release {

struct Command {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH
  std::map<std::string, std::string> env;  // added to the caller's own
  std::string directory;                   // working directory; empty: "/"
  std::string input;                       // the content of its stdin
  // The contents of private files, which no other process can see or change.
  // The command opens them as /proc/self/fd/3, /proc/self/fd/4, ... in this
  // order.
  std::vector<std::string> files;
  std::chrono::nanoseconds timeout{0};  // 0: no limit
  std::size_t max_output = 64 * 1024;   // bytes kept, from the output's end
};

struct CommandResult {
  enum class End { kExited, kSignalled, kTimedOut, kNotStarted, kLost };
  End end = End::kNotStarted;
  // The exit status, the signal number, or the errno of the start (kNotStarted)
  // or of the wait (kLost: the kernel did not report how the command ended).
  int status = 0;
  std::string output;  // the end of stdout and stderr, interleaved

  bool ok() const { return end == End::kExited && status == 0; }
  // Returns "exit status 3", "killed by signal 9", "timed out", "cannot start:
  // REASON" or "its exit status is lost: REASON".
  std::string Describe() const;
};

// Describes how a process uses a directory.
struct ProcessUse {
  int pid = 0;
  std::string name;  // the process's command name
  enum class What { kExecutable, kDirectory, kMapping, kOpenFile } what;
  std::string path;  // absolute
};

struct ProcessFacts {
  std::uint32_t user = 0;        // real uid
  std::uint32_t saved_user = 0;  // saved uid; its owner too may send signals
  // When it started, in nanoseconds since 1970 by today's wall clock.
  std::chrono::nanoseconds started{0};
};

// The process that listens on a UNIX socket, found by connecting to it.
struct SocketPeer {
  Reason problem;  // why no connection could be made
  // The process that called listen(2), which may have ended since; 0 if it is
  // hidden from this caller.
  int pid = 0;
  // Its control groups, as /proc/PID/cgroup lists them; empty if it has ended.
  std::string control_groups;
};

class Runner {
 public:
  virtual ~Runner() = default;

  // Runs the command in its own session and waits for its end. The command
  // inherits no descriptors except those of `input` and `files`, and cannot
  // open the caller's terminal: a program of another user could type there.
  // When the time is over its process group is killed; if the command ends by
  // itself, processes that it left in the background survive. Reports failures
  // in the result and does not throw.
  virtual CommandResult Run(const Command& command) = 0;

  // Returns whether Run can start the program, given by an absolute path or by
  // a name that is looked up in PATH.
  virtual bool Finds(const std::string& program) = 0;

  // Returns the processes that use something below the absolute directory, as
  // far as this caller may inspect them. Throws FsError if it has too few
  // descriptors or too little memory to look at all of them.
  virtual std::vector<ProcessUse> UsersOf(const HostPath& directory) = 0;

  // Returns nullopt if the process does not exist or is hidden from this
  // caller.
  virtual std::optional<ProcessFacts> FactsOf(int pid) = 0;

  // Connects to the UNIX socket at the absolute path, sends nothing, and closes
  // the connection.
  virtual SocketPeer PeerOf(const std::string& socket) = 0;

  // Returns how many clients are connected to the socket that process `pid`
  // bound to the path; counts those that wait to be accepted too. Looks in each
  // network namespace, because the kernel lists a connection in that of the
  // client. Returns nullopt if the process has ended, or if no listening socket
  // has that path, for example because it was renamed after bind(2).
  virtual std::optional<unsigned> CountConnections(
      int pid, const std::string& socket) = 0;

  // Returns how often the kernel has killed a process for lack of memory in the
  // control group, a path from the root of the hierarchy, and below it. Returns
  // nullopt if there is no such group or the kernel does not count for it.
  virtual std::optional<std::uint64_t> CountOomKills(
      const std::string& control_group) = 0;

  // Sends a signal; 0 only asks whether the process exists. Returns false if it
  // does not exist, or if it may not be signalled.
  virtual bool Signal(int pid, int signal) = 0;
};

}  // namespace release

#endif  // RELEASE_OS_RUNNER_H_
