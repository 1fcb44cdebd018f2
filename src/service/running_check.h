// Checks that the service really runs the release that `current` names.
//
// A reload that reports success proves nothing: many servers keep the working
// directory, the program or the libraries they were started with. The kernel
// knows better. The evidence is what the service's processes use below
// ROOT/releases, and the rules are:
//
// 1. These processes count. With a unit: those in its control group or below
//    it. With a pidfile: its process and that one's descendants. With a command
//    only: every process on the host that has no controlling terminal and is
//    not an ancestor of this command, so that an admin's shell does not count.
//    In a container a path below releases/ may be another file; its processes
//    count if it is the same (os/process_scan.h).
// 2. A process *runs the new release* when its program, working directory, a
//    mapping or an open file is in releases/VERSION.
// 3. A process *runs an old release* when it does not run the new one and its
//    program, working directory or a mapping is elsewhere below releases/. An
//    open file is no evidence of that: serving a slow download or holding a log
//    is not running.
// 4. If any process runs the new release, the check succeeds. Old processes
//    beside it are workers that finish their requests, or a master whose
//    workers are new.
// 5. If no process runs a new or an old release, the check succeeds with a
//    remark: some servers open files by path at each request and keep nothing
//    in use.
// 6. If only old processes are seen, they may be about to end: the check looks
//    again every 100 ms, says so after 5 s, and fails with
//    kServiceRunsOldRelease when [service] timeout is over.
#ifndef RELEASE_SERVICE_RUNNING_CHECK_H_
#define RELEASE_SERVICE_RUNNING_CHECK_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/host_path.h"
#include "os/runner.h"
#include "service/waiter.h"

namespace release {

// The processes that belong to the service (rule 1).
struct ServiceProcesses {
  enum class Kind { kControlGroup, kTree, kAnyone };
  Kind kind = Kind::kAnyone;
  std::string control_group;  // kControlGroup: as systemd names it
  int pid = 0;                // kTree: the root of the process tree
};

// Returns whether a process is in the control group, or below it. `groups` is
// the text of its /proc/PID/cgroup, whose lines are
// "HIERARCHY:CONTROLLERS:PATH".
bool GroupsContain(std::string_view groups, const std::string& group);

// The result of one look at the evidence.
struct RunningVerdict {
  enum class What { kNew, kOld, kNothing };
  What what = What::kNothing;
  std::vector<ProcessUse> old_uses;  // with kOld: what shows it
};

// Returns the uses whose process belongs to the service, without those of a
// process that has ended meanwhile. `proc` is the directory to read processes
// from.
std::vector<ProcessUse> UsesOf(const ServiceProcesses& service,
                               const std::vector<ProcessUse>& uses,
                               const std::string& proc = "/proc");

// Applies rules 2 to 6 to one look, without waiting. `releases` is the absolute
// path of releases/.
RunningVerdict JudgeRunning(const std::vector<ProcessUse>& uses,
                            const HostPath& releases,
                            const std::string& version);

// How long old processes may take to end.
struct RunningWait {
  Duration timeout{0};
  // Called once with a sentence for the user if it takes more than 5 s. May be
  // empty.
  std::function<void(const std::string&)> say;
  std::string remedy;  // appended to the error's message
};

// Applies all the rules, and waits for old processes to end. Calls `find`
// before each look, because the service's processes may change; it may throw.
// Returns a remark for the user, or an empty string. Throws Error
// kServiceRunsOldRelease, naming the processes and what they use, and Error
// kInterrupted.
std::optional<std::string> CheckRunsRelease(
    const HostPath& releases, const std::string& version,
    const RunningWait& wait, const std::function<ServiceProcesses()>& find,
    Runner* runner, Waiter* waiter);

}  // namespace release

#endif  // RELEASE_SERVICE_RUNNING_CHECK_H_
