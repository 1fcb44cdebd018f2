// Runs the steps of the README, word for word, in a container, and compares
// their output with the README.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <cstdlib>

#include "host/command.h"
#include "host/document_steps.h"
#include "host/packages.h"
#include "host/systemd_rig.h"
#include "support/archives.h"
#include "support/temp_dir.h"
#include "support/torture.h"

namespace release {
namespace {

// Runs the steps of `readme` in a fresh container, with the package where the
// README expects it. Returns the steps with their real output and status.
std::vector<Step> Typed(const std::string& readme, const std::string& package) {
  const std::vector<Step> steps = StepsOf(readme);
  SystemdContainer machine;
  const auto put = [&](const std::string& bytes, const std::string& path) {
    const TempDir dir;
    Spill(dir.path() + "/file", bytes);
    const Finished done = RunShell(
        fmt::format("nsenter -t {} --all -- dd status=none of={} < {}/file",
                    machine.leader(), path, dir.path()));
    REQUIRE_MESSAGE(done.exit == 0, done.Describe());
  };
  put(Slurp(package),
      "/root/" + boost::filesystem::path(package).filename().string());
  put(ScriptOf(steps), "/root/steps");
  const CommandResult result =
      machine.Exec({"bash", "/root/steps"}, std::chrono::seconds(240));
  return ResultsOf(steps, result.output);
}

std::string Changed(std::string text, const std::string& from,
                    const std::string& to) {
  REQUIRE(text.find(from) != std::string::npos);
  return text.replace(text.find(from), from.size(), to);
}

// Makes a minimal Debian with only the packages that the README requires.
void MakeCleanDebian(const std::string& directory) {
  const Finished made = RunShell(
      "mmdebstrap --quiet --variant=minbase --include=systemd-sysv,dbus,"
      "python3,curl,ca-certificates bookworm " +
          directory,
      std::chrono::seconds(900));
  REQUIRE_MESSAGE(made.exit == 0, made.Describe());
}

}  // namespace

TEST_CASE("the README's steps do what the README says") {
  const std::string readme = Slurp(RELEASE_SOURCE_DIR "/README.md");
  CHECK(StepsOf(readme).size() > 10);
  const TempDir dir;
  const std::string package = MakePackage(dir.path(), "--only deb");
  const std::vector<Step> typed = Typed(readme, package);
  CHECK(Differences(StepsOf(readme), typed) == "");
  // Control: a wrong word, number or status in the README is noticed.
  for (const auto& [from, to] :
       {std::pair("1.4.2 is live (before: 1.4.1)", "1.4.2 is live"),
        std::pair("\n4\n", "\n0\n"), std::pair("withdrawn", "good")}) {
    const std::string wrong = Changed(readme, from, to);
    CHECK(Differences(StepsOf(wrong), typed) != "");
  }
}

TEST_CASE("the README's steps do so on a clean Debian") {
  if (!Torture()) return;
  const TempDir dir;
  MakeCleanDebian(dir.path() + "/debian");
  setenv("RIG_LOWER", (dir.path() + "/debian").c_str(), 1);
  const std::string readme = Slurp(RELEASE_SOURCE_DIR "/README.md");
  const std::string package = MakePackage(dir.path(), "--only deb");
  CHECK(Differences(StepsOf(readme), Typed(readme, package)) == "");
  // Control: a failing step is noticed even if the README shows no output.
  const std::string wrong =
      Changed(readme, "$ apt install ./release", "$ apt install ./no-release");
  CHECK(Differences(StepsOf(wrong), Typed(wrong, package)) != "");
  unsetenv("RIG_LOWER");
}

}  // namespace release
