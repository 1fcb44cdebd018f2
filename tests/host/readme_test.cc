// Runs the steps of the README, word for word, in a container, and compares
// their output with the README.
//
// Steps are the blocks that begin with ```console. A line "$ ..." is a command,
// up to the end of its here-document; the lines below it are its output. If
// there are none, the command must exit with 0 and may print anything. Times,
// dates and widths differ from run to run, so they are compared by shape.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <cstdlib>
#include <regex>
#include <sstream>

#include "host/command.h"
#include "host/packages.h"
#include "host/systemd_rig.h"
#include "support/archives.h"
#include "support/temp_dir.h"
#include "support/torture.h"

namespace release {
namespace {

struct Step {
  std::string typed;
  std::string printed;  // empty: any output is right
  int status = 0;       // exit status of a step that was run
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Returns the word that ends the here-document that this line opens, or "" if
// it opens none.
std::string HereDocument(const std::string& line) {
  std::smatch match;
  const bool opens = std::regex_search(line, match, std::regex("<<'(\\w+)'"));
  return opens ? match[1].str() : "";
}

// Parses the steps of the README.
std::vector<Step> StepsOf(const std::string& readme) {
  std::vector<Step> steps;
  bool inside = false;
  std::string until;
  for (const std::string& line : Lines(readme)) {
    if (line.starts_with("```")) {
      inside = line == "```console";
    } else if (inside && !until.empty()) {
      steps.back().typed += "\n" + line;
      if (line == until) until.clear();
    } else if (inside && line.starts_with("$ ")) {
      steps.push_back({.typed = line.substr(2), .printed = ""});
      until = HereDocument(line);
    } else if (inside && !steps.empty()) {
      steps.back().printed += line + "\n";
    }
  }
  return steps;
}

// Replaces the parts that differ from run to run.
std::string Shape(const std::string& text) {
  static const std::pair<std::regex, const char*> kVaries[] = {
      {std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}Z?"), "DATE"},
      // A short step has a line only on a slow machine.
      {std::regex("  (undo )?(unpack|publish|switch) +[0-9.]+ m?s\n"), ""},
      {std::regex("\\b[0-9]+ (s|min|h|d) ago|just now"), "AGO"},
      {std::regex("\\b[0-9.]+ m?s\\b"), "TIME"},
      {std::regex("\\b[0-9:]{8} "), "CLOCK "},
      {std::regex("used by [0-9]+"), "used by PID"},
      {std::regex(" +"), " "},
      {std::regex("[ \n]+$"), ""},
  };
  std::string shape = text;
  for (const auto& [pattern, word] : kVaries) {
    shape = std::regex_replace(shape, pattern, word);
  }
  return shape;
}

// Returns a script that runs all steps in one shell and prints the exit status
// of each, between the bytes 1 and 2. A step that sleeps also waits until the
// intake unit is done, because the machine may be slow.
std::string ScriptOf(const std::vector<Step>& steps) {
  std::string script =
      "exec 2>&1\ncd /root\n"
      "sleep() { command sleep $1; while [ \"$(systemctl show -P ActiveState "
      "release-intake@shop.service)\" = activating ]; do command sleep 0.2; "
      "done; }\n";
  for (const Step& step : steps) {
    script += "status=$?; printf '\\001%s\\002' $status; (exit $status)\n" +
              step.typed + "\n";
  }
  return script + "printf '\\001%s\\002' $?\n";
}

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
  std::vector<Step> typed = steps;
  std::size_t at = 0;
  for (Step& step : typed) {
    const std::size_t begin = result.output.find('\002', at);
    const std::size_t end = result.output.find('\001', begin);
    const std::size_t close = result.output.find('\002', end);
    REQUIRE_MESSAGE(close != std::string::npos, result.output);
    step.printed = result.output.substr(begin + 1, end - begin - 1);
    step.status = std::atoi(result.output.c_str() + end + 1);
    at = end;
  }
  return typed;
}

// Whether the output matches the README; "..." in the README matches anything.
bool Fits(const std::string& said, const std::string& printed) {
  static const std::string kGap = "...";
  std::string left = Shape(said);
  const std::string shape = Shape(printed);
  std::size_t gap = left.find(kGap), at = 0;
  if (gap == left.npos) return left == shape;
  if (!shape.starts_with(left.substr(0, gap))) return false;
  for (; gap != left.npos; gap = left.find(kGap)) {
    at = shape.find(left.substr(0, gap), at);
    if (at == shape.npos) return false;
    at += gap;
    left.erase(0, gap + kGap.size());
  }
  return shape.size() >= at + left.size() && shape.ends_with(left);
}

// Describes the steps that differ from the README; "" if none does.
std::string Differences(const std::string& readme,
                        const std::vector<Step>& typed) {
  const std::vector<Step> said = StepsOf(readme);
  REQUIRE(said.size() == typed.size());
  std::string differences;
  for (std::size_t i = 0; i < said.size(); ++i) {
    const bool same = said[i].printed.empty()
                          ? typed[i].status == 0
                          : Fits(said[i].printed, typed[i].printed);
    if (same) continue;
    differences +=
        fmt::format("$ {}\nsaid:\n{}\nstatus {}, printed:\n{}\n", said[i].typed,
                    said[i].printed, typed[i].status, typed[i].printed);
  }
  return differences;
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
  CHECK(Differences(readme, typed) == "");
  // Control: a wrong word, number or status in the README is noticed.
  for (const auto& [from, to] :
       {std::pair("1.4.2 is live (before: 1.4.1)", "1.4.2 is live"),
        std::pair("\n4\n", "\n0\n"), std::pair("withdrawn", "good")}) {
    const std::string wrong = Changed(readme, from, to);
    CHECK(Differences(wrong, typed) != "");
  }
}

TEST_CASE("the README's steps do so on a clean Debian") {
  if (!Torture()) return;
  const TempDir dir;
  MakeCleanDebian(dir.path() + "/debian");
  setenv("RIG_LOWER", (dir.path() + "/debian").c_str(), 1);
  const std::string readme = Slurp(RELEASE_SOURCE_DIR "/README.md");
  const std::string package = MakePackage(dir.path(), "--only deb");
  CHECK(Differences(readme, Typed(readme, package)) == "");
  // Control: a failing step is noticed even if the README shows no output.
  const std::string wrong =
      Changed(readme, "$ apt install ./release", "$ apt install ./no-release");
  CHECK(Differences(wrong, Typed(wrong, package)) != "");
  unsetenv("RIG_LOWER");
}

}  // namespace release
