#include "cli/command_line.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/command_table.h"
#include "os/identity.h"
#include "os/posix_clock.h"
#include "os/posix_fs.h"
#include "store/lock.h"
#include "support/command_run.h"
#include "support/scoped_env.h"

namespace release {
namespace {

using nlohmann::json;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "the help has each command, each global option and each exit status") {
  const Printed help = RunRelease({"--help"});
  CHECK(help.exit == 0);
  CHECK(help.err.empty());
  for (const CommandRow& row : CommandRows()) {
    CHECK_MESSAGE(Has(help.out, fmt::format("\n  {} ", row.name())),
                  row.name());
  }
  for (const OptionRow& row : GlobalRows()) {
    CHECK_MESSAGE(Has(help.out, std::string(row.name)), row.name);
  }
  CHECK_FALSE(Has(help.out, "__complete"));
  std::string in_one_line = help.out;
  std::replace(in_one_line.begin(), in_one_line.end(), '\n', ' ');
  for (const char* status :
       {"0 done", "1 failed", "2 usage", "3 archive", "4 failed after",
        "5 manual intervention required", "6 busy", "7 no such", "8 verify"}) {
    CHECK_MESSAGE(Has(in_one_line, status), status);
  }
}

TEST_CASE("in a systemd unit a failure ends with what its status means") {
  const CommandRig rig;
  rig.Deploy("1");
  const auto end_of = [&](const std::string& version) {
    const Printed printed = PrintedBy([&] {
      struct stat info = {};
      fstat(STDERR_FILENO, &info);
      const ScopedEnv stream("JOURNAL_STREAM",
                             fmt::format("{}:{}", info.st_dev, info.st_ino));
      std::vector<std::string> words = {"release", "--root", rig.root(),
                                        "activate", version};
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      return RunCommandLine(static_cast<int>(argv.size()), argv.data());
    });
    return printed.err.substr(printed.err.rfind('\n', printed.err.size() - 2) +
                              1);
  };
  CHECK(end_of("2") == "exit status 7: no such release; 1 is live\n");
  CHECK_FALSE(Has(end_of("1"), "exit status"));
  CHECK_FALSE(Has(rig.Run({"activate", "2"}).err, "exit status"));
}

TEST_CASE("each command has a help with its usage and an example") {
  CHECK(CommandRows().size() == 28);
  for (const CommandRow& row : CommandRows()) {
    CAPTURE(row.name());
    const Printed help = RunRelease({std::string(row.name()), "--help"});
    CHECK(help.exit == 0);
    CHECK(Has(help.out, fmt::format("Usage: release {}", row.name())));
    CHECK(Has(help.out, "Example:\n  "));
    for (const OptionRow& option : row.options) {
      CHECK_MESSAGE(Has(help.out, std::string(option.name)), option.name);
    }
  }
}

TEST_CASE("the program prints its version") {
  for (const char* option : {"--version", "--program-version", "-V"}) {
    CAPTURE(option);
    const Printed version = RunRelease({option});
    CHECK(version.exit == 0);
    CHECK(version.out == "release " RELEASE_PROGRAM_VERSION "\n");
  }
}

TEST_CASE("a word that cannot be understood is a usage error that names it") {
  const auto said = [](std::vector<std::string> words) {
    const Printed run = RunRelease(std::move(words));
    CHECK(run.exit == 2);
    CHECK(run.out.empty());
    return run.err;
  };
  CHECK(Has(said({"bogus"}), "there is no command \"bogus\""));
  CHECK(Has(said({"--bogus"}), "there is no option \"--bogus\""));
  CHECK(Has(said({"list", "--bogus"}), "--bogus"));
  CHECK(Has(said({"--color", "blue", "list"}), "blue"));
  CHECK(Has(said({"--wait=soon", "list"}), "\"soon\" is not a duration"));
  CHECK(Has(said({"completion", "csh"}), "csh"));
  CHECK(Has(said({"history", "-n", "few"}), "\"few\" is not a number"));
  CHECK(Has(said({"init", "--from", "/srv"}), "--adopt"));
}

TEST_CASE("a usage error with --json is one object on standard output") {
  const Printed run = RunRelease({"--json", "bogus"});
  CHECK(run.exit == 2);
  const json object = json::parse(run.out);
  CHECK(object.at("schema") == 2);
  CHECK(object.at("exit") == 2);
  CHECK(object.at("error").at("code") == "usage");
}

TEST_CASE("an option of every command may stand before it or after it") {
  const CommandRig rig;
  rig.Deploy("1");
  CHECK(RunRelease({"--root", rig.root(), "list", "-q"}).out == "1\n");
  CHECK(RunRelease({"-q", "list", "--root", rig.root()}).out == "1\n");
}

TEST_CASE("-n is a dry run, and after history the number of transactions") {
  const CommandRig rig;
  rig.Deploy("1");
  rig.Deploy("2");
  CHECK(Has(rig.Run({"-n", "rollback"}).out, "releases/1"));
  CHECK(Has(rig.Run({"rollback", "-n"}).out, "releases/1"));
  CHECK(rig.Run({"list", "-q"}).out == "1\n2\n");
  const auto count = [&](std::vector<std::string> words) {
    words.emplace_back("--json");
    return json::parse(rig.Run(words).out).at("transactions").size();
  };
  CHECK(count({"history"}) == 2);
  CHECK(count({"history", "-n", "1"}) == 1);
  CHECK(count({"history", "--count=1"}) == 1);
}

TEST_CASE("--wait takes its duration by = and leaves the next word alone") {
  const CommandRig rig;
  rig.Deploy("1");
  CHECK(rig.Run({"--wait=2s", "pin", "1"}).exit == 0);
  CHECK(rig.Run({"--wait", "pin", "1"}).exit == 0);
  CHECK(rig.Run({"pin", "1", "--wait=500ms"}).exit == 0);
}

TEST_CASE(
    "a held lock is busy after the wait, and the message names the holder") {
  const CommandRig rig;
  rig.Deploy("1");
  PosixFs fs(rig.root());
  PosixClock clock;
  const Lock lock(&fs, &clock, {.user = "alice", .pid = 7, .command = "test"},
                  Nanoseconds(0));
  const auto start = std::chrono::steady_clock::now();
  const Printed run = rig.Run({"--json", "--wait=700ms", "pin", "1"});
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(run.exit == 6);
  CHECK(waited >= std::chrono::milliseconds(700));
  CHECK(Has(run.err, "alice (pid 7) holds it since"));
  CHECK(Has(run.err, "nothing changed; 1 is live"));
  const json object = json::parse(run.out);
  CHECK(object.at("error").at("code") == "busy");
  CHECK(object.at("live") == "1");
  // Commands that only read do not wait for the lock.
  CHECK(rig.Run({"status"}).exit == 0);
}

TEST_CASE("a failure says what is live now") {
  const CommandRig rig;
  rig.Deploy("1");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"deploy", "/no/such/archive.tar"},
                                             {"activate", "9"},
                                             {"rollback"},
                                             {"confirm"},
                                             {"pin", "../x"}}) {
    CAPTURE(words.front());
    const Printed run = rig.Run(words);
    CHECK(run.exit != 0);
    CHECK(Has(run.err, "\n  cannot "));
    CHECK(run.err.starts_with("error: nothing changed; 1 is live\n"));
    CHECK(run.out.empty());
  }
}

TEST_CASE("help prints what --help prints, also of one command") {
  CHECK(RunRelease({"help"}).out == RunRelease({"--help"}).out);
  CHECK(RunRelease({"help", "deploy"}).out ==
        RunRelease({"deploy", "--help"}).out);
  CHECK(RunRelease({"--app", "shop", "-v", "help", "deploy"}).out ==
        RunRelease({"deploy", "--help"}).out);
  CHECK(RunRelease({"help"}).out != RunRelease({"help", "deploy"}).out);
  const Printed unknown = RunRelease({"help", "deploi"});
  CHECK(unknown.exit == 2);
  CHECK(unknown.err.find("did you mean deploy?") != std::string::npos);
}

}  // namespace release
