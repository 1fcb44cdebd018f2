#include "cli/show_command.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("show has everything about one release") {
  const CommandRig rig;
  rig.Deploy("1.0");
  rig.Deploy("2.0");
  const Printed shown = rig.Run({"show", "1.0"});
  CHECK(shown.exit == 0);
  CHECK(Has(shown.out, "release      1.0\n"));
  CHECK(Has(shown.out, "state        good since "));
  CHECK(Has(shown.out, "; `release rollback` goes here\n"));
  CHECK(Has(shown.out, "files        unchanged since the deploy\n"));
  CHECK(Has(shown.out, "NR  COMMAND"));
  CHECK(Has(shown.out, "2.0  committed"));
  const json object = json::parse(rig.Run({"--json", "show", "1.0"}).out);
  CHECK(object.at("release").at("version") == "1.0");
  CHECK(object.at("transactions").size() == 2);
}

TEST_CASE(
    "show of a number has that transaction, unless a release has the name") {
  const CommandRig rig;
  rig.Deploy("1.0");
  const Printed shown = rig.Run({"show", "1"});
  CHECK(Has(shown.out, "transaction 1: deploy of 1.0, committed\n"));
  CHECK(Has(shown.out, "  steps        "));
  CHECK(json::parse(rig.Run({"--json", "show", "1"}).out)
            .at("transactions")
            .at(0)
            .at("transaction") == 1);
  rig.Deploy("1");
  CHECK(Has(rig.Run({"show", "1"}).out, "release      1\n"));
}

TEST_CASE("show of a transaction that is not there names the history") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed shown = rig.Run({"show", "--transaction", "1"});
  CHECK(Has(shown.out, "transaction 1: deploy of 1, committed\n"));
  const Printed missing = rig.Run({"show", "--transaction", "9"});
  CHECK(missing.exit == 7);
  CHECK(Has(missing.err, "cannot find transaction 9; `release history`"));
  CHECK(rig.Run({"show"}).exit == 2);
  CHECK(rig.Run({"show", "1", "--transaction", "1"}).exit == 2);
}

TEST_CASE("show of a mistyped release names the one that was meant") {
  const CommandRig rig;
  rig.Deploy("1.4.2");
  const Printed shown = rig.Run({"show", "1.4.3"});
  CHECK(shown.exit == 7);
  CHECK(Has(shown.err, "there is no releases/1.4.3; did you mean 1.4.2?"));
  CHECK(rig.Run({"show", "../1"}).exit == 2);
}

}  // namespace release
