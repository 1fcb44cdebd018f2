#include "cli/version_json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/command_run.h"
#include "support/json_schema.h"

namespace release {

using nlohmann::json;

TEST_CASE("--version --json names the list of what is linked in") {
  for (const char* option : {"--version", "--program-version", "-V"}) {
    CAPTURE(option);
    for (const Printed& printed :
         {RunRelease({option, "--json"}), RunRelease({"--json", option})}) {
      CHECK(printed.exit == 0);
      CHECK(printed.out == VersionJson() + "\n");
    }
  }
  const json object = json::parse(VersionJson());
  CHECK(OutputViolation(object) == "");
  CHECK(object.at("version") == RELEASE_PROGRAM_VERSION);
  CHECK(object.at("sbom") == "share/doc/release/release.spdx.json");
}

TEST_CASE("--version of a command is not the version of the program") {
  CHECK(RunRelease({"--version", "1", "--json"}).exit == 2);
  CHECK(RunRelease({"--json", "--jsonn"}).exit == 2);
}

}  // namespace release
