#include "cli/intake_command.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string Upload(const CommandRig& rig, const std::string& version) {
  const std::string path = rig.root() + "/incoming/app-" + version + ".tar";
  CopyFile(rig.Archive(version), path);
  Shell("cd " + rig.root() + "/incoming && sha256sum app-" + version +
        ".tar > app-" + version + ".tar.sha256");
  return path;
}

}  // namespace

TEST_CASE("intake with an empty drop box is done") {
  const CommandRig rig;
  const Printed run = rig.Run({"intake"});
  CHECK(run.exit == 0);
  CHECK(Has(run.err, "no upload lies ready"));
  CHECK(Has(rig.Run({"-n", "intake"}).out, "nothing: no upload lies ready"));
}

TEST_CASE("intake plans, deploys and tells in words what became of each") {
  const CommandRig rig;
  const std::string path = Upload(rig, "1.0");
  CHECK(
      Has(rig.Run({"--dry-run", "intake"}).out, "deploy incoming/app-1.0.tar"));
  CHECK(boost::filesystem::exists(path));
  const Printed run = rig.Run({"intake"});
  CHECK(run.exit == 0);
  CHECK(Has(run.err, "app-1.0.tar"));
  CHECK(!boost::filesystem::exists(path));
}

TEST_CASE("intake tells in JSON of all uploads and exits with the gravest") {
  const CommandRig rig;
  Upload(rig, "1.0");
  const std::string bad = Upload(rig, "1.1");
  Spill(bad, "no archive at all");
  const Printed run = rig.Run({"--json", "intake"});
  CHECK(run.exit == 3);
  const json object = json::parse(run.out);
  CHECK(object.at("schema") == 2);
  CHECK(object.at("command") == "intake");
  CHECK(object.at("exit") == 3);
  REQUIRE(object.at("uploads").size() == 2);
  for (const json& upload : object.at("uploads")) {
    const bool good = upload.at("upload") == "app-1.0.tar";
    CHECK(upload.at("exit") == (good ? 0 : 3));
  }
  const json reason = json::parse(
      Slurp(rig.root() + "/incoming/rejected/app-1.1.tar.reason.json"));
  CHECK(reason.at("error").at("code") == "archive-unsupported");
  CHECK(reason.at("upload") == "app-1.1.tar");
}

TEST_CASE("root takes nothing in where somebody else can write") {
  const CommandRig rig;
  Upload(rig, "1.0");
  if (geteuid() != 0) return;
  const std::string releases = rig.root() + "/releases";
  REQUIRE(chmod(releases.c_str(), 0777) == 0);
  const Printed run = rig.Run({"--json", "intake"});
  CHECK(run.exit == 2);
  CHECK(json::parse(run.out).at("error").at("code") == "root-unsafe");
  // The upload waits for the root to be made safe.
  CHECK(boost::filesystem::exists(rig.root() + "/incoming/app-1.0.tar"));
  REQUIRE(chmod(releases.c_str(), 0755) == 0);
  CHECK(rig.Run({"intake"}).exit == 0);
}

}  // namespace release
