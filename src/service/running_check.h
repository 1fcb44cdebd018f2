// Does the service really run the release that `current` names?
//
// A reload that reports success proves nothing: many servers keep the working
// directory, the program or the libraries they were started with. The kernel
// knows better. The evidence is what the service's processes use below
// ROOT/releases, and the rule is:
//
// 1. Whose processes count. A unit's: those in its control group or below it.
//    A pidfile's: its process and that one's descendants. With a command only:
//    every process on the host that has no controlling terminal and is not an
//    ancestor of this command, so that no admin's shell counts.
// 2. A process *runs the new release* when its program, working directory, a
//    mapping or an open file is in releases/VERSION.
// 3. A process *runs an old release* when it does not run the new one and its
//    program, working directory or a mapping is elsewhere below releases/. An
//    open file is no evidence of that: serving a slow download or holding a log
//    is not running.
// 4. One process that runs the new release: accepted. Old ones beside it are
//    workers that finish their requests, or a master whose workers are new.
// 5. None new and none old: nothing to be seen either way, as with a server
//    that opens files by path at each request: accepted, with a remark.
// 6. None new and some old: they may be on their way out, so look again every
//    100 ms; when [service] timeout is over: kServiceRunsOldRelease.
#ifndef RELEASE_SERVICE_RUNNING_CHECK_H_
#define RELEASE_SERVICE_RUNNING_CHECK_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "os/runner.h"
#include "service/waiter.h"

namespace release {

// Rule 1: the processes that are the service.
struct ServiceProcesses {
  enum class Kind { kControlGroup, kTree, kAnyone };
  Kind kind = Kind::kAnyone;
  std::string control_group;  // kControlGroup: as systemd names it
  int pid = 0;                // kTree: whose descendants
};

// What the evidence says.
struct RunningVerdict {
  enum class What { kNew, kOld, kNothing };
  What what = What::kNothing;
  std::vector<ProcessUse> old_uses;  // with kOld: what shows it
};

// Those uses whose process belongs to the service. A process that ends
// meanwhile does not. `proc` is where the kernel shows its processes.
std::vector<ProcessUse> UsesOf(const ServiceProcesses& service,
                               const std::vector<ProcessUse>& uses,
                               const std::string& proc = "/proc");

// Rules 2 to 6, without the waiting. `releases` is the absolute directory.
RunningVerdict JudgeRunning(const std::vector<ProcessUse>& uses,
                            const std::string& releases,
                            const std::string& version);

// The whole rule. `find` tells before each look who the service is now, and may
// throw. Returns a remark, or nothing. Throws Error kServiceRunsOldRelease
// naming the processes and what they use.
std::optional<std::string> CheckRunsRelease(
    const std::string& releases, const std::string& version, Duration timeout,
    const std::function<ServiceProcesses()>& find, Runner* runner,
    Waiter* waiter);

}  // namespace release

#endif  // RELEASE_SERVICE_RUNNING_CHECK_H_
