// Instructions and system calls of the command, held against the table of
// docs/performance.md. Unlike times they do not depend on other work of the
// machine, so that a small loss shows.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <random>
#include <regex>

#include "host/traced_site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

struct Counts {
  double instructions = 0;
  double calls = 0;
};

// The difference that the page allows.
constexpr double kWithin = 0.03;

// Counts the calls under strace, and the instructions under callgrind, of one
// thread that starts from the root that was kept.
Counts Count(const TracedSite& traced, const std::vector<std::string>& words) {
  const Finished finished = traced.Trace({}, words);
  CAPTURE(finished.Describe());
  REQUIRE(finished.exit == 0);
  const std::string calls = traced.Traced();

  traced.Restore();
  const std::string log = traced.site().files() + "/callgrind";
  std::vector<std::string> line = {"unshare",
                                   "--pid",
                                   "--fork",
                                   "--kill-child",
                                   "--mount-proc",
                                   "env",
                                   "RELEASE_THREADS=1",
                                   "valgrind",
                                   "--tool=callgrind",
                                   "--callgrind-out-file=/dev/null",
                                   "--log-file=" + log};
  const auto command = traced.site().CommandLine(words);
  line.insert(line.end(), command.begin(), command.end());
  const Finished counted = Run(line, std::chrono::seconds(600));
  CAPTURE(counted.Describe());
  REQUIRE(counted.exit == 0);
  const std::string collected = Slurp(log);
  CAPTURE(collected);
  std::smatch count;
  REQUIRE(
      std::regex_search(collected, count, std::regex("Collected : ([0-9]+)")));
  return {.instructions = std::stod(count[1]),
          .calls = static_cast<double>(
              std::count(calls.begin(), calls.end(), '\n'))};
}

// Makes an archive of that many files of text, 6 KB each, 100 in a directory.
std::string Archive(const TracedSite& traced, int files) {
  const std::vector<std::string> words = {"about ",  "before ", "change ",
                                          "deploy ", "every ",  "found "};
  std::mt19937 random(20);
  TarBuilder tar;
  for (int i = 0; i < files; ++i) {
    std::string text = fmt::format("file {}\n", i);
    while (text.size() < 6'250) text += words[random() % words.size()];
    text.resize(6'250);
    tar.File(fmt::format("d{:03}/f{:05}.js", i / 100, i), text);
  }
  const std::string path =
      fmt::format("{}/{}.tar", traced.site().files(), files);
  Spill(path, tar.Bytes());
  REQUIRE(Run({"zstd", "-q", "--rm", path}).exit == 0);
  return path + ".zst";
}

// Returns the row of that name in the page's table of counts.
Counts Documented(const std::string& name) {
  std::string page = Slurp(RELEASE_SOURCE_DIR "/docs/performance.md");
  const auto row = page.find(fmt::format("\n| {} |", name));
  REQUIRE(row != page.npos);
  std::string cells = page.substr(row + name.size() + 5);
  cells.resize(cells.find('\n'));
  std::erase(cells, ',');
  double instructions = 0;
  double calls = 0;
  REQUIRE(std::sscanf(cells.c_str(), "%lf | %lf", &instructions, &calls) == 2);
  return {.instructions = instructions, .calls = calls};
}

void CheckDocumented(const std::string& name, const Counts& counts) {
  MESSAGE(name << ": " << counts.instructions << " instructions, "
               << counts.calls << " system calls");
  const Counts page = Documented(name);
  CHECK(counts.instructions ==
        doctest::Approx(page.instructions).epsilon(kWithin));
  CHECK(counts.calls == doctest::Approx(page.calls).epsilon(kWithin));
}

// The difference of two sizes has no costs of the process itself.
Counts EachFile(const TracedSite& traced) {
  constexpr int kFew = 500;
  constexpr int kMany = 1'500;
  std::vector<Counts> counts;
  for (const int files : {kFew, kMany}) {
    counts.push_back(
        Count(traced, {"deploy", Archive(traced, files), "--version", "3.0"}));
  }
  const double more = kMany - kFew;
  return {
      .instructions = (counts[1].instructions - counts[0].instructions) / more,
      .calls = (counts[1].calls - counts[0].calls) / more};
}

}  // namespace

TEST_CASE("the counts of the command are those of the page, to within 3 %") {
  TracedSite traced;
  traced.HideProcesses();
  DeployAll(traced.site(), {"1.0", "2.0"});
  traced.Keep();
  CheckDocumented("`deploy` of a `.tar.zst`, each file", EachFile(traced));
  CheckDocumented("`rollback`, whole process", Count(traced, {"rollback"}));
  CheckDocumented("`status`, whole process", Count(traced, {"status"}));
}

}  // namespace release
