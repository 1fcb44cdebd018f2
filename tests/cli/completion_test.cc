#include "cli/completion.h"

#include <doctest/doctest.h>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

std::string Script(const std::string& shell) {
  const Printed printed = PrintedBy([&] { return PrintCompletion(shell); });
  CHECK(printed.exit == 0);
  return printed.out;
}

// The words that bash offers after `words`, the last of which is being typed,
// if the program answers with `answer`. Also records the program's arguments.
std::string Offered(const TempDir& dir, const std::string& words,
                    const std::string& answer) {
  Spill(dir.path() + "/script", Script("bash"));
  Spill(dir.path() + "/ask",
        "canary() { echo \"$*\" >> " + dir.path() + "/asked; printf '" +
            answer + "'; }\ncompopt() { echo \"$*\"; }\n. " + dir.path() +
            "/script\nCOMP_WORDS=(" + words +
            ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_release canary\n"
            "echo \"${COMPREPLY[*]}\"\n");
  Shell("bash " + dir.path() + "/ask > " + dir.path() + "/offered");
  return Slurp(dir.path() + "/offered");
}

}  // namespace

TEST_CASE("each script asks the program and knows no command itself") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const std::string script = Script(shell);
    CHECK(script.find(" __complete ") != std::string::npos);
    CHECK(script.find("deploy") == std::string::npos);
    CHECK(script.find("--json") == std::string::npos);
  }
}

TEST_CASE("bash accepts its script") {
  const TempDir dir;
  Spill(dir.path() + "/script", Script("bash"));
  CHECK_NOTHROW(Shell("bash -n " + dir.path() + "/script"));
  // A script that is cut is not accepted.
  Spill(dir.path() + "/cut", Script("bash").substr(0, 200));
  CHECK_THROWS(Shell("bash -n " + dir.path() + "/cut 2>/dev/null"));
}

TEST_CASE("bash passes the words so far to the program that was typed") {
  const TempDir dir;
  CHECK(Offered(dir, "canary --root /srv/shop rollback 1",
                "1.0\\n1.1\\tolder\\n") == "1.0 1.1\n");
  CHECK(Slurp(dir.path() + "/asked") ==
        "__complete --root /srv/shop rollback 1\n");
  CHECK(Offered(dir, "canary deploy ''", ":files\\n") == "-o default\n\n");
  CHECK(Offered(dir, "canary --root ''", ":directories\\n") ==
        "-o dirnames\n\n");
}

}  // namespace release
