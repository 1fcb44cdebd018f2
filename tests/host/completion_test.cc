// Types TABs into real shells, each on its own terminal. The first `release` in
// PATH is a script: it passes requests for completions to the built command,
// and logs the arguments of any other call, which are the completed line.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "cli/command_table.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

enum class Script { kSourced, kLeftOut };

class TypedShell {
 public:
  TypedShell(const std::string& shell, Script script) {
    Spill(path() + "/release",
          fmt::format("#!/bin/sh\n[ \"$1\" = __complete ] && exec {} \"$@\"\n"
                      "echo \"$*\" >> {}/ran\n",
                      RELEASE_BINARY, path()));
    chmod((path() + "/release").c_str(), 0755);
    Spill(path() + "/ran", "");
    Shell(fmt::format("{} completion {} > {}/script", RELEASE_BINARY, shell,
                      path()));
    Start(shell);
    std::string line;
    if (shell == "zsh") line = "autoload -Uz compinit; compinit -u -D; ";
    if (script == Script::kSourced) line += ". " + path() + "/script; ";
    line += shell == "fish" ? "function fish_prompt; echo 'rea''dy>'; end"
                            : "PS1='rea''dy>'";
    Type(line + "\r");
    REQUIRE_MESSAGE(Await([&] { return seen_.find("ready>") != seen_.npos; }),
                    seen_);
  }
  ~TypedShell() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(terminal_);
  }
  TypedShell(const TypedShell&) = delete;
  TypedShell& operator=(const TypedShell&) = delete;

  // Types the command, `words`, TAB and Enter. Returns the arguments with which
  // the shell ran the command.
  std::string Completed(const std::string& words) {
    Spill(path() + "/ran", "");
    Type("release " + words + "\t\r");
    CHECK_MESSAGE(Await([&] { return Ran().ends_with('\n'); }), seen_);
    std::string ran = Ran();
    while (ran.ends_with('\n') || ran.ends_with(' ')) ran.pop_back();
    return ran;
  }

 private:
  const std::string& path() const { return dir_.path(); }
  std::string Ran() const { return Slurp(path() + "/ran"); }

  void Start(const std::string& shell) {
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    REQUIRE(pid_ >= 0);
    if (pid_ > 0) return;
    setenv("PATH", (path() + ":/usr/bin:/bin").c_str(), 1);
    setenv("HOME", path().c_str(), 1);
    setenv("TERM", "xterm", 1);
    if (shell == "bash")
      execlp("bash", "bash", "--norc", "--noprofile", "-i", nullptr);
    if (shell == "zsh") execlp("zsh", "zsh", "-f", "-i", nullptr);
    execlp("fish", "fish", "--no-config", "-i", nullptr);
    _exit(127);
  }

  void Type(const std::string& keys) {
    const ssize_t typed = write(terminal_, keys.data(), keys.size());
    REQUIRE(typed == static_cast<ssize_t>(keys.size()));
  }

  // Reads the output of the shell until the condition holds; returns false
  // after 60 seconds.
  template <typename Condition>
  bool Await(Condition condition) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      pollfd readable = {.fd = terminal_, .events = POLLIN, .revents = 0};
      if (poll(&readable, 1, 20) <= 0) continue;
      char buffer[4096];
      const ssize_t n = read(terminal_, buffer, sizeof buffer);
      if (n > 0) seen_.append(buffer, static_cast<std::size_t>(n));
    }
    return true;
  }

  TempDir dir_;
  int terminal_ = -1;
  pid_t pid_ = -1;
  std::string seen_;
};

// The configuration of an app where the command looks for it.
class InstalledConfig {
 public:
  InstalledConfig(const std::string& app, const std::string& root)
      : path_("/etc/release/" + app + ".toml") {
    mkdir("/etc/release", 0755);
    Spill(path_, "root = \"" + root + "\"\n");
  }
  ~InstalledConfig() { unlink(path_.c_str()); }
  InstalledConfig(const InstalledConfig&) = delete;
  InstalledConfig& operator=(const InstalledConfig&) = delete;

 private:
  std::string path_;
};

// Returns the name without its last letter, which the TAB must add.
std::string Cut(std::string_view name) {
  return std::string(name.substr(0, name.size() - 1));
}

}  // namespace

TEST_CASE("TAB completes commands, options, apps and versions in each shell") {
  const TempDir dir;
  const std::string app = fmt::format("tab-test-{}", getpid());
  const std::string root = dir.path() + "/srv";
  const InstalledConfig config(app, root);
  Shell(
      fmt::format("mkdir {0}/tree && echo 1 > {0}/tree/file && "
                  "{1} pack {0}/tree -o {0}/a.tar -q && {1} --root {2} init -q"
                  " && {1} --root {2} deploy {0}/a.tar --version 1.41 -q",
                  dir.path(), RELEASE_BINARY, root));
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    TypedShell typed(shell, Script::kSourced);
    for (const CommandRow& row : CommandRows()) {
      CHECK(typed.Completed(Cut(row.name())) == row.name());
      for (const OptionRow& option : row.options) {
        const std::string head = std::string(row.name()) + " ";
        CHECK(typed.Completed(head + Cut(option.name)) ==
              head + std::string(option.name));
      }
    }
    CHECK(typed.Completed("--app " + Cut(app)) == "--app " + app);
    CHECK(typed.Completed("--color al") == "--color always");
    CHECK(typed.Completed("--app " + app + " rollback 1.") ==
          "--app " + app + " rollback 1.41");
    CHECK(typed.Completed("--root " + root + " pin 1.") ==
          "--root " + root + " pin 1.41");
  }
}

TEST_CASE("without the script TAB completes nothing") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    TypedShell typed(shell, Script::kLeftOut);
    CHECK(typed.Completed("rollbac") == "rollbac");
  }
}

}  // namespace release
