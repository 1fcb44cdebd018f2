#include "cli/metrics.h"

#include <doctest/doctest.h>

#include <regex>
#include <set>
#include <sstream>

#include "store/outbox.h"
#include "support/command_run.h"
#include "support/world.h"

namespace release {
namespace {

// Why the text is not of Prometheus' text format 0.0.4 as node_exporter wants
// it; empty where it is: each family is announced once, right before its
// samples; names, labels, escapes and values are well-formed; no series twice.
std::string FormatError(const std::string& text) {
  static const std::regex help("# HELP ([a-z_:][a-z0-9_:]*) ([^\\n]+)");
  static const std::regex type("# TYPE ([a-z_:][a-z0-9_:]*) gauge");
  static const std::regex sample(
      "([a-z_:][a-z0-9_:]*)"
      "(\\{[a-z_][a-z0-9_]*=\"([^\"\\\\]|\\\\[\\\\\"n])*\""
      "(,[a-z_][a-z0-9_]*=\"([^\"\\\\]|\\\\[\\\\\"n])*\")*\\})"
      " (-?[0-9]+(\\.[0-9]+)?(e[+-]?[0-9]+)?)");
  if (!text.ends_with("\n")) return "no end of line at the end";
  std::set<std::string> families, series;
  std::string helped, typed;
  std::istringstream lines(text);
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, found, help)) {
      helped = found[1];
      if (!families.insert(helped).second) return "twice: " + line;
    } else if (std::regex_match(line, found, type)) {
      typed = found[1];
      if (typed != helped) return "not announced: " + line;
    } else if (std::regex_match(line, found, sample)) {
      if (found[1] != typed) return "not of its family: " + line;
      if (!series.insert(found[1].str() + found[2].str()).second) {
        return "twice: " + line;
      }
    } else {
      return "malformed: " + line;
    }
  }
  return series.empty() ? "no samples" : "";
}

std::string MetricsOf(World* world) {
  return MetricsText("shop", ReadStatus(&world->context, TreeCheck::kShape));
}

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics tell what is live, how the last ended, and what is wrong") {
  World world;
  world.Deploy("1.0");
  world.broken.insert("2.0");
  world.Deploy("2.0");
  PutNotice(&world.disk, 2, {"webhook"}, "{}");
  const std::string text = MetricsOf(&world);
  CHECK(FormatError(text) == "");
  for (const char* line : {
           "release_live_info{app=\"shop\",version=\"1.0\",state=\"good\"} 1",
           "release_live_since_timestamp_seconds{app=\"shop\"} 1795000000",
           "release_releases{app=\"shop\",state=\"good\"} 1",
           "release_releases{app=\"shop\",state=\"failed\"} 1",
           "release_releases{app=\"shop\",state=\"staged\"} 0",
           "release_last_transaction_info{app=\"shop\",command=\"deploy\","
           "result=\"undone\",code=\"health-deadline\"} 1",
           "release_last_transaction_number{app=\"shop\"} 2",
           "release_last_transaction_exit_status{app=\"shop\"} 4",
           "release_last_transaction_end_timestamp_seconds{app=\"shop\"} "
           "1795000000",
           "release_last_transaction_duration_seconds{app=\"shop\"} 2",
           "release_well{app=\"shop\"} 1",
           "release_healthy{app=\"shop\"} 1",
           "release_in_doubt{app=\"shop\"} 0",
           "release_transaction_running{app=\"shop\"} 0",
           "release_transaction_interrupted{app=\"shop\"} 0",
           "release_undelivered_notices{app=\"shop\"} 1",
       }) {
    CHECK_MESSAGE(Has(text, line), line << "\n" << text);
  }
}

TEST_CASE("metrics of an empty root have no live release and no last") {
  World world;
  const std::string text = MetricsOf(&world);
  CHECK(FormatError(text) == "");
  CHECK(text.find("live_info") == std::string::npos);
  CHECK(text.find("last_transaction") == std::string::npos);
  CHECK(Has(text, "release_well{app=\"shop\"} 0"));
}

TEST_CASE("a link to a strange place is a doubt, and any name is escaped") {
  World world;
  world.Deploy("1");
  world.disk.RemoveFile(Fs::kRoot, "current");
  world.disk.MakeSymlink("elsewhere", Fs::kRoot, "current");
  const StatusReport report = ReadStatus(&world.context, TreeCheck::kShape);
  const std::string text = MetricsText("a\"b\\c\nd", report);
  CHECK(FormatError(text) == "");
  CHECK(Has(text, "release_well{app=\"a\\\"b\\\\c\\nd\"} 0"));
  CHECK(!Has(text, "release_in_doubt{app=\"a\\\"b\\\\c\\nd\"} 0"));
}

TEST_CASE("the check of the format finds what is wrong") {
  const std::string head = "# HELP a x\n# TYPE a gauge\n";
  CHECK(FormatError(head + "a{b=\"c\"} 1\n") == "");
  for (const std::string& bad :
       {head, head + "a{b=\"c\"} 1", head + "a{b=\"c\"} one\n",
        head + "b{b=\"c\"} 1\n", head + "a{b=\"c\"d\"} 1\n",
        head + "a{b=\"c\"} 1\na{b=\"c\"} 2\n", head + head + "a{b=\"c\"} 1\n",
        std::string("a{b=\"c\"} 1\n")}) {
    CHECK_MESSAGE(FormatError(bad) != "", bad);
  }
}

TEST_CASE("status --metrics prints them, quiet or not") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed run = rig.Run({"-q", "status", "--metrics"});
  CHECK(run.exit == 0);
  CHECK(FormatError(run.out) == "");
  CHECK(run.out.find("version=\"1\"") != std::string::npos);
  CHECK(rig.Run({"--json", "status", "--metrics"}).exit == 2);
}

}  // namespace release
