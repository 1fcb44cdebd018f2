#include "service/pidfile.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/reason.h"
#include "base/text.h"
#include "os/input.h"

namespace release {
namespace {

struct NamedSignal {
  std::string_view name;
  int number;
};

// The signals that services use for reloading and the like, by their numbers on
// Linux.
constexpr NamedSignal kSignals[] = {{"HUP", 1},   {"INT", 2},   {"QUIT", 3},
                                    {"USR1", 10}, {"USR2", 12}, {"TERM", 15},
                                    {"CONT", 18}, {"WINCH", 28}};

// Returns `text` as a number; nullopt if any part of it is not one.
std::optional<int> WholeNumber(std::string_view text) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

// The clock of files is coarser than that of processes.
constexpr std::chrono::nanoseconds kSlack = std::chrono::seconds(1);

[[noreturn]] void Fail(const std::string& path, const std::string& reason) {
  throw Error(ErrorCode::kReloadFailed,
              fmt::format("cannot signal the service: {}", reason), path);
}

std::optional<RegularFile> Read(const std::string& path) {
  try {
    return ReadRegularFile(path, 4096);
  } catch (const Error& error) {
    Fail(path, error.what());
  }
}

int ParsePid(const std::string& path, const std::string& text) {
  std::string_view digits = text;
  constexpr std::string_view kSpace = " \t\r\n";
  while (!digits.empty() && kSpace.find(digits.back()) != kSpace.npos) {
    digits.remove_suffix(1);
  }
  while (!digits.empty() && kSpace.find(digits.front()) != kSpace.npos) {
    digits.remove_prefix(1);
  }
  const auto pid = WholeNumber(digits);
  // kill(2) would signal our own process group for 0, init for 1, and a process
  // group or every process for a negative number.
  if (!pid || *pid <= 1) {
    Fail(path, fmt::format("{} holds no process id: {}", Quoted(path),
                           Quoted(text.substr(0, 40))));
  }
  return *pid;
}

// Rule 1.
void RequireHonestOwner(const std::string& path, const RegularFile& file,
                        int pid, const ProcessFacts& process) {
  constexpr unsigned kByOthers = 0022;
  if (file.owner == 0 && (file.mode & kByOthers) != 0) {
    Fail(path, fmt::format("others can write {} (mode {:04o})", Quoted(path),
                           file.mode));
  }
  if (file.owner == 0 || file.owner == process.user ||
      file.owner == process.saved_user) {
    return;
  }
  Fail(path, fmt::format("{} belongs to user {}, and process {} to user {}; "
                         "the file must be root's or that user's",
                         Quoted(path), file.owner, pid, process.user));
}

// Rules 2 and 3: returns why it must be proved that the process is the app's.
Reason Doubt(const std::string& path, const RegularFile& file,
             const ProcessFacts& process) {
  if (process.started > file.modified + kSlack) {
    return "it started after the file was written";
  }
  if (file.owner == 0 && WhyOthersCanWrite(path)) {
    return "another user can put other files in the place of this one";
  }
  return std::nullopt;
}

bool UsesRoot(Runner* runner, int pid, const HostPath& root) {
  const std::vector<ProcessUse> uses = runner->UsersOf(root);
  return std::any_of(uses.begin(), uses.end(), [pid](const ProcessUse& use) {
    return use.pid == pid && use.what != ProcessUse::What::kOpenFile;
  });
}

}  // namespace

std::optional<int> SignalNumber(std::string_view name) {
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (const NamedSignal& signal : kSignals) {
    if (signal.name == name) return signal.number;
  }
  const auto number = WholeNumber(name);
  return number && *number >= 1 && *number <= 64 ? number : std::nullopt;
}

int Pidfile::ReadPid() const {
  const auto file = Read(path);
  if (!file) return 0;
  const int pid = ParsePid(path, file->content);
  const auto process = runner->FactsOf(pid);
  if (!process) return pid;
  RequireHonestOwner(path, *file, pid, *process);
  const Reason doubt = Doubt(path, *file, *process);
  if (doubt && !UsesRoot(runner, pid, root)) {
    Fail(path, fmt::format("process {} may not be the one that {} means: {}, "
                           "and it uses nothing below {}; remove the file if "
                           "the service does not run",
                           pid, Quoted(path), *doubt, root));
  }
  return pid;
}

}  // namespace release
