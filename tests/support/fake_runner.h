// A Runner whose commands are answered by the test.
#ifndef RELEASE_TESTS_SUPPORT_FAKE_RUNNER_H_
#define RELEASE_TESTS_SUPPORT_FAKE_RUNNER_H_

#include <functional>
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

  // Answers each command whose words contain `part`. What was said last
  // counts first. A command that nobody answers exits with 0.
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

  std::vector<ProcessUse> UsersOf(const std::string& directory) override {
    asked_users_of = directory;
    return uses;
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

  std::vector<Command> commands;              // run so far
  std::vector<std::pair<int, int>> signals;   // sent so far: pid, signal
  std::vector<ProcessUse> uses;               // what UsersOf returns
  std::string asked_users_of;                 // what it was last asked
  std::set<int> alive;                        // processes that exist
  std::function<void(int signal)> on_signal;  // after one to a living process

 private:
  std::vector<std::pair<std::string, Answer>> answers_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FAKE_RUNNER_H_
