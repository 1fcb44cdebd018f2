#include "cli/show_commands.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "os/posix_fs.h"
#include "store/folded_records.h"
#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void Tamper(const CommandRig& rig, const std::string& version) {
  Spill(rig.root() + "/releases/" + version + "/bin/app", "version X\n");
  boost::filesystem::permissions(
      rig.root() + "/releases/" + version + "/bin/app",
      boost::filesystem::perms(0755));
}

}  // namespace

TEST_CASE("status --check is 0 where all is well and 8 where it is not") {
  const CommandRig rig;
  CHECK(rig.Run({"status"}).exit == 0);
  CHECK(rig.Run({"status", "--check"}).exit == 8);
  rig.Deploy("1");
  CHECK(rig.Run({"status", "--check"}).exit == 0);
  Tamper(rig, "1");
  // The same size and mode: only the bytes tell.
  CHECK(rig.Run({"status"}).exit == 0);
  const Printed checked = rig.Run({"status", "--check"});
  CHECK(checked.exit == 8);
  CHECK(Has(checked.out, "ATTENTION: 1 file changed since the deploy"));
}

TEST_CASE("status is data on stdout, and nothing with --quiet") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed words = rig.Run({"status"});
  CHECK(Has(words.out, "live         1 since "));
  CHECK(words.err.empty());
  const Printed quiet = rig.Run({"-q", "status"});
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
  CHECK(json::parse(rig.Run({"-q", "--json", "status"}).out).at("live") == "1");
}

TEST_CASE("status of a root that is not there is a usage error") {
  const Printed run = RunRelease({"--root", "/no/such/root", "status"});
  CHECK(run.exit == 2);
  CHECK(Has(run.err, "`release init` makes it"));
}

TEST_CASE("list shows a table, and with --quiet only the names") {
  const CommandRig rig;
  rig.Deploy("1");
  rig.Deploy("2");
  CHECK(rig.Run({"-q", "list"}).out == "1\n2\n");
  CHECK(Has(rig.Run({"list"}).out, "\n*  2 "));
  CHECK(json::parse(rig.Run({"--json", "list"}).out).at("releases").size() ==
        2);
}

TEST_CASE("history is newest first and tells of what was refused") {
  const CommandRig rig;
  rig.Deploy("1");
  CHECK(rig.Run({"rollback"}).exit == 7);
  const json records =
      json::parse(rig.Run({"--json", "history"}).out).at("transactions");
  REQUIRE(records.size() == 2);
  CHECK(records.at(0).at("command") == "rollback");
  CHECK(records.at(0).at("exit") == 7);
  CHECK(records.at(1).at("result") == "committed");
  const Printed brief = rig.Run({"history"});
  CHECK(!Has(brief.out, "nothing-to-roll-back-to"));
  CHECK(Has(brief.err, "1 transaction left out that named no release"));
  CHECK(Has(rig.Run({"history", "--all"}).out,
            "failed: nothing-to-roll-back-to"));
}

TEST_CASE("history goes on where the transactions have no record any more") {
  const CommandRig rig;
  for (const char* version : {"1", "2", "3"}) rig.Deploy(version);
  PosixFs fs(rig.root());
  FoldRecords(&fs, /*newest=*/3, /*keep=*/1);
  REQUIRE(ListRecords(&fs).size() == 1);
  const auto numbers = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--json", "history"});
    std::string text;
    const json object = json::parse(rig.Run(words).out);
    for (const json& each : object.at("transactions")) {
      text += each.at("transaction").dump() + " ";
    }
    return text;
  };
  CHECK(numbers({}) == "3 2 1 ");
  CHECK(numbers({"-n", "2"}) == "3 2 ");
  CHECK(Has(rig.Run({"show", "--transaction", "1"}).out,
            "transaction 1: deploy of 1, committed"));
  CHECK(json::parse(rig.Run({"--json", "show", "1"}).out)
            .at("transactions")
            .size() == 2);  // it came, and was left
}

TEST_CASE("verify finds a byte that changed and says which file") {
  const CommandRig rig;
  rig.Deploy("1");
  rig.Deploy("2");
  CHECK(rig.Run({"verify"}).out == "2: unchanged\n");
  Tamper(rig, "1");
  CHECK(rig.Run({"verify"}).exit == 0);
  const Printed all = rig.Run({"verify", "--all"});
  CHECK(all.exit == 8);
  CHECK(Has(all.out, "1: 1 difference\n   PATH     BEFORE"));
  CHECK(Has(all.out, "2: unchanged\n"));
  CHECK(rig.Run({"verify", "1"}).exit == 8);
  CHECK(json::parse(rig.Run({"--json", "verify", "1"}).out).at("exit") == 8);
}

TEST_CASE("verify of no such release, or of none at all, is 7") {
  const CommandRig rig;
  CHECK(rig.Run({"verify"}).exit == 7);
  rig.Deploy("1");
  CHECK(rig.Run({"verify", "9"}).exit == 7);
  CHECK(rig.Run({"verify", "../1"}).exit == 2);
}

TEST_CASE("diff compares two releases, or the live one with another") {
  const CommandRig rig;
  rig.Deploy("1");
  rig.Deploy("2");
  const Printed two = rig.Run({"diff", "1", "2"});
  CHECK(two.exit == 0);
  CHECK(Has(two.out, "\nM  bin/app  "));
  CHECK(two.err == "1 difference from 1 to 2\n");
  CHECK(rig.Run({"diff", "1"}).err == "1 difference from 2 to 1\n");
  CHECK(rig.Run({"diff", "2"}).err == "0 differences from 2 to 2\n");
  CHECK(rig.Run({"diff", "1", "9"}).exit == 7);
}

TEST_CASE("history shows only what --since and --until leave") {
  const CommandRig rig;
  rig.Deploy("1");
  const auto rows = [&](const std::vector<std::string>& words) {
    const std::string out = rig.Run(words).out;
    return std::count(out.begin(), out.end(), '\n');
  };
  CHECK(rows({"history", "--since", "1h"}) == 2);
  CHECK(rows({"history", "--until", "1h"}) == 0);
  CHECK(rows({"history", "--since", "2026-01-01", "--until", "2026-01-02"}) ==
        0);
  CHECK(rig.Run({"history", "--follow", "--until", "1h"}).exit == 2);
}

TEST_CASE("the error of a command that only looks does not say what is live") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed shown = rig.Run({"show", "9.9"});
  CHECK(shown.err.starts_with("error: cannot find release 9.9"));
  CHECK(rig.Run({"activate", "9.9"})
            .err.starts_with("error: nothing changed; 1 is live\n"));
}

}  // namespace release
