#include "cli/completion.h"

#include <doctest/doctest.h>

#include <sstream>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

std::string Script(const std::string& shell) {
  const Printed printed = PrintedBy([&] { return PrintCompletion(shell); });
  CHECK(printed.exit == 0);
  return printed.out;
}

// The commands that `release --help` lists.
std::vector<std::string> Commands() {
  std::istringstream help(RunRelease({"--help"}).out);
  std::vector<std::string> commands;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (line.empty()) listed = false;
    if (listed && line.starts_with("  ") && line[2] != ' ') {
      commands.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    if (line == "Subcommands:") listed = true;
  }
  return commands;
}

// What bash offers after these words; the last one is being typed.
std::string Offered(const TempDir& dir, const std::string& words) {
  Spill(dir.path() + "/script", Script("bash"));
  Spill(dir.path() + "/ask",
        "release() { echo \"$*\" >> " + dir.path() +
            "/asked; printf '1.0\\n1.1\\n2.0\\n'; }\n. " + dir.path() +
            "/script\nCOMP_WORDS=(" + words +
            ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_release\n"
            "echo \"${COMPREPLY[*]}\"\n");
  Shell("bash " + dir.path() + "/ask > " + dir.path() + "/offered");
  return Slurp(dir.path() + "/offered");
}

}  // namespace

TEST_CASE("every command of the help is in every completion script") {
  const std::vector<std::string> commands = Commands();
  CHECK(commands.size() >= 17);
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = Script(shell);
    for (const std::string& command : commands) {
      CHECK_MESSAGE(script.find(command) != std::string::npos,
                    shell << " " << command);
    }
  }
}

TEST_CASE("bash accepts its script") {
  const TempDir dir;
  Spill(dir.path() + "/script", Script("bash"));
  CHECK_NOTHROW(Shell("bash -n " + dir.path() + "/script"));
  // A script that is cut is not accepted.
  Spill(dir.path() + "/cut", Script("bash").substr(0, 400));
  CHECK_THROWS(Shell("bash -n " + dir.path() + "/cut 2>/dev/null"));
}

TEST_CASE("bash offers commands, then versions of the root that is named") {
  const TempDir dir;
  CHECK(Offered(dir, "release roll") == "rollback\n");
  CHECK(Offered(dir, "release completion z") == "zsh\n");
  CHECK(Offered(dir, "release deploy --sh") == "--sha256\n");
  CHECK(Offered(dir, "release --color a") == "auto always\n");
  CHECK(Offered(dir, "release --root /srv/shop rollback 1") == "1.0 1.1\n");
  CHECK(Slurp(dir.path() + "/asked") == "--root /srv/shop list -q\n");
}

}  // namespace release
