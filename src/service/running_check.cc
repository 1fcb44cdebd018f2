#include "service/running_check.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "os/input.h"

namespace release {
namespace {

using What = ProcessUse::What;

// Returns nullopt if the process has ended or this user may not read the file.
std::optional<std::string> ReadProc(const std::string& path) {
  try {
    return ReadSmallFile(path, 64 * 1024);
  } catch (const Error&) {
    return std::nullopt;  // ESRCH: it ended between open and read
  }
}

// The parent and controlling terminal of a process, from /proc/PID/stat.
struct Origin {
  int parent = 0;
  int terminal = 0;  // 0: none
};

std::optional<Origin> OriginOf(const std::string& proc,
                               const std::string& pid) {
  const auto stat = ReadProc(proc + "/" + pid + "/stat");
  if (!stat) return std::nullopt;
  // "PID (NAME) STATE PPID PGRP SESSION TTY ...". A name may contain ")", so
  // search for its end from the right.
  const std::size_t name_end = stat->rfind(") ");
  if (name_end == stat->npos) return std::nullopt;
  int fields[4] = {};
  const char* at = stat->data() + name_end + 4;
  const char* const end = stat->data() + stat->size();
  for (int& field : fields) {
    if (at >= end) return std::nullopt;
    at = std::from_chars(at, end, field).ptr + 1;
  }
  return Origin{fields[0], fields[3]};
}

// Returns whether `pid` is `ancestor` or descends from it.
bool DescendsFrom(int pid, int ancestor, const std::string& proc) {
  // A limit, because the walk could go in a circle: pids may be reused
  // meanwhile.
  constexpr int kDeepest = 4096;
  for (int i = 0; i < kDeepest && pid > 0; ++i) {
    if (pid == ancestor) return true;
    const auto origin = OriginOf(proc, std::to_string(pid));
    if (!origin) return false;
    pid = origin->parent;
  }
  return false;
}

std::set<int> OwnAncestors(const std::string& proc) {
  std::set<int> ancestors;
  auto origin = OriginOf(proc, "self");
  while (origin && origin->parent > 0 &&
         ancestors.insert(origin->parent).second) {
    origin = OriginOf(proc, std::to_string(origin->parent));
  }
  return ancestors;
}

bool InControlGroup(int pid, const std::string& group,
                    const std::string& proc) {
  const auto groups = ReadProc(fmt::format("{}/{}/cgroup", proc, pid));
  return groups && GroupsContain(*groups, group);
}

// Returns the path component that begins at `at`.
std::string ComponentAt(std::string_view path, std::size_t at) {
  return std::string(path.substr(at, path.find('/', at) - at));
}

// Returns the name of the release that `path` lies in, "" if it lies in none.
// The kernel shows paths with every symlink resolved, so the root may be
// spelled differently in the configuration. Then the last two components of
// `releases`, such as "/shop/releases", decide.
std::string ReleaseOf(std::string_view path, const HostPath& releases) {
  if (path.starts_with(releases.native() + "/")) {
    return ComponentAt(path, releases.size() + 1);
  }
  const HostPath root = releases.parent_path();
  if (!root.has_relative_path()) return "";
  const std::string tail =
      fmt::format("/{}/{}/", root.filename(), releases.filename());
  const std::size_t found = path.find(tail);
  return found == path.npos ? "" : ComponentAt(path, found + tail.size());
}

// Lists the first use of each process, of 10 processes at most.
std::string DescribeUses(const std::vector<ProcessUse>& uses) {
  constexpr std::size_t kMost = 10;
  std::string text;
  std::set<int> told;
  for (const ProcessUse& use : uses) {
    if (!told.insert(use.pid).second) continue;
    if (told.size() > kMost) return text + "\n  and more";
    text += fmt::format("\n  {} ({}) uses {}", use.pid, Escaped(use.name),
                        Quoted(use.path));
  }
  return text;
}

}  // namespace

// With cgroup v1 there are several lines; systemd's own hierarchy has the path
// that systemd reports, so it is enough that one line matches.
bool GroupsContain(std::string_view groups, const std::string& group) {
  if (group.empty()) return false;
  while (!groups.empty()) {
    const std::size_t end = std::min(groups.find('\n'), groups.size());
    const std::string_view line = groups.substr(0, end);
    groups.remove_prefix(std::min(end + 1, groups.size()));
    const std::size_t path = line.find(":/");
    if (path == line.npos) continue;
    const std::string_view where = line.substr(path + 1);
    if (where == group || where.starts_with(group + "/")) return true;
  }
  return false;
}

std::vector<ProcessUse> UsesOf(const ServiceProcesses& service,
                               const std::vector<ProcessUse>& uses,
                               const std::string& proc) {
  using Kind = ServiceProcesses::Kind;
  const std::set<int> ancestors =
      service.kind == Kind::kAnyone ? OwnAncestors(proc) : std::set<int>();
  std::map<int, bool> known;  // a process has many uses; look at it once
  const auto belongs = [&](int pid) {
    if (service.kind == Kind::kControlGroup) {
      return InControlGroup(pid, service.control_group, proc);
    }
    if (service.kind == Kind::kTree) {
      return DescendsFrom(pid, service.pid, proc);
    }
    const auto origin = OriginOf(proc, std::to_string(pid));
    return origin && origin->terminal == 0 && !ancestors.contains(pid);
  };
  std::vector<ProcessUse> mine;
  for (const ProcessUse& use : uses) {
    const auto [at, fresh] = known.try_emplace(use.pid, false);
    if (fresh) at->second = belongs(use.pid);
    if (at->second) mine.push_back(use);
  }
  return mine;
}

RunningVerdict JudgeRunning(const std::vector<ProcessUse>& uses,
                            const HostPath& releases,
                            const std::string& version) {
  RunningVerdict verdict;
  for (const ProcessUse& use : uses) {
    const std::string name = ReleaseOf(use.path, releases);
    if (name.empty()) continue;
    if (name == version) return {RunningVerdict::What::kNew, {}};
    // An open file of an old release, such as a log, proves nothing (rule 3).
    if (use.what != What::kOpenFile) verdict.old_uses.push_back(use);
  }
  if (!verdict.old_uses.empty()) verdict.what = RunningVerdict::What::kOld;
  return verdict;
}

std::optional<std::string> CheckRunsRelease(
    const HostPath& releases, const std::string& version,
    const RunningWait& wait, const std::function<ServiceProcesses()>& find,
    Runner* runner, Waiter* waiter) {
  constexpr Nanoseconds kPoll = std::chrono::milliseconds(100);
  constexpr Nanoseconds kSayAfter = std::chrono::seconds(5);
  const Nanoseconds deadline = AddSaturated(waiter->Now(), wait.timeout);
  const Nanoseconds say_at = waiter->Now() + kSayAfter;
  for (bool said = !wait.say;;) {
    const ServiceProcesses service = find();
    const RunningVerdict verdict = JudgeRunning(
        UsesOf(service, runner->UsersOf(releases)), releases, version);
    if (verdict.what == RunningVerdict::What::kNew) return std::nullopt;
    if (verdict.what == RunningVerdict::What::kNothing) {
      return fmt::format(
          "no process of the service uses a file below {}: whether it runs {} "
          "cannot be seen; running_check = \"off\" in [service] leaves this "
          "check out",
          releases, version);
    }
    if (!said && waiter->Now() >= say_at) {
      said = true;
      wait.say(fmt::format(
          "only another release is in use{}\nwaiting up to {}"
          " for it to end",
          DescribeUses(verdict.old_uses), FormatDuration(wait.timeout)));
    }
    if (waiter->Now() >= deadline) {
      throw Error(ErrorCode::kServiceRunsOldRelease,
                  fmt::format("cannot confirm that the service runs {}: after "
                              "{} only another release is in use{}{}",
                              version, FormatDuration(wait.timeout),
                              DescribeUses(verdict.old_uses), wait.remedy),
                  verdict.old_uses.front().path, version,
                  ReleaseOf(verdict.old_uses.front().path, releases));
    }
    waiter->Pause(kPoll);
  }
}

}  // namespace release
