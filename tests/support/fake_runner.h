// A Runner that starts no process: it records commands and returns the results
// that a test sets.
#ifndef RELEASE_TESTS_SUPPORT_FAKE_RUNNER_H_
#define RELEASE_TESTS_SUPPORT_FAKE_RUNNER_H_

#include <unistd.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "os/runner.h"

namespace release {

// The words of a command with blanks between them.
inline std::string Joined(const Command& command) {
  std::string line;
  for (const std::string& word : command.argv) {
    line += (line.empty() ? "" : " ") + word;
  }
  return line;
}

inline CommandResult Exited(int status, std::string output = "") {
  return {CommandResult::End::kExited, status, std::move(output)};
}

class FakeRunner : public Runner {
 public:
  using Answer = std::function<CommandResult(const Command&)>;

  // Sets the answer for each command whose joined words contain `part`. If
  // several match, the answer that was set last wins; if none matches, the
  // command exits with 0.
  void On(std::string part, Answer answer) {
    answers_.emplace_back(std::move(part), std::move(answer));
  }
  void On(std::string part, CommandResult result) {
    On(std::move(part), [result](const Command&) { return result; });
  }

  CommandResult Run(const Command& command) override {
    commands.push_back(command);
    const std::string line = Joined(command);
    for (auto it = answers_.rbegin(); it != answers_.rend(); ++it) {
      if (line.find(it->first) != line.npos) return it->second(command);
    }
    return Exited(0);
  }

  bool Finds(const std::string& program) override {
    return !missing.contains(program);
  }

  std::vector<ProcessUse> UsersOf(const HostPath& directory) override {
    asked_users_of = directory;
    return uses;
  }

  std::optional<ProcessFacts> FactsOf(int pid) override {
    if (!alive.contains(pid)) return std::nullopt;
    const auto known = facts.find(pid);
    if (known != facts.end()) return known->second;
    return ProcessFacts{.user = geteuid(), .saved_user = geteuid()};
  }

  SocketPeer PeerOf(const std::string& socket) override {
    return peer_of(socket);
  }

  std::optional<unsigned> CountConnections(int,
                                           const std::string& socket) override {
    return connections_to(socket);
  }

  std::optional<std::uint64_t> CountOomKills(const std::string&) override {
    return oom_kills;
  }

  bool Signal(int pid, int signal) override {
    const bool exists = alive.contains(pid);
    if (signal == 0) return exists;
    signals.emplace_back(pid, signal);
    if (exists && on_signal) on_signal(signal);
    return exists;
  }

  // How many of the commands so far contain `part`.
  int Count(const std::string& part) const {
    int count = 0;
    for (const Command& command : commands) {
      count += Joined(command).find(part) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  // Answers PeerOf; nobody listens at first.
  std::function<SocketPeer(const std::string& socket)> peer_of =
      [](const std::string&) {
        return SocketPeer{.problem = "No such file or directory",
                          .control_groups = ""};
      };
  std::function<std::optional<unsigned>(const std::string& socket)>
      connections_to = [](const std::string&) { return std::optional(0U); };

  std::optional<std::uint64_t> oom_kills;
  std::vector<Command> commands;             // every command so far
  std::vector<std::pair<int, int>> signals;  // every signal so far: pid, number
  std::vector<ProcessUse> uses;              // what UsersOf returns
  HostPath asked_users_of;                   // the argument of its last call
  std::set<std::string> missing;             // programs that do not exist
  std::set<int> alive;                       // processes that exist
  std::map<int, ProcessFacts> facts;         // of them, if not ours
  std::function<void(int signal)> on_signal;  // called after each

 private:
  std::vector<std::pair<std::string, Answer>> answers_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FAKE_RUNNER_H_
