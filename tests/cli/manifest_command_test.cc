#include "cli/manifest_command.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;

struct Build {
  Build() { MakeTree(path()); }
  std::string path() const { return dir.path() + "/tree"; }
  std::string Packed(const std::string& version,
                     std::vector<std::string> more = {}) {
    const std::string archive = dir.path() + "/shop-" + version + ".tar.zst";
    more.insert(more.begin(),
                {"pack", path(), "-o", archive, "--version", version});
    const Printed packed = RunRelease(more);
    REQUIRE_MESSAGE(packed.exit == 0, packed.err);
    return archive;
  }
  TempDir dir;
};

}  // namespace

TEST_CASE("manifest prints the text of the live release, or its digest") {
  Build build;
  const CommandRig rig;
  const std::string archive = build.Packed("1");
  REQUIRE(rig.Run({"deploy", archive}).exit == 0);
  const Printed text = rig.Run({"manifest"});
  CHECK(text.exit == 0);
  CHECK(text.out.starts_with("release-manifest 2\nversion 1\n"));
  const std::string digest = Slurp(archive + ".manifest-sha256");
  CHECK(rig.Run({"manifest", "--digest"}).out == digest);
  CHECK(rig.Run({"manifest", "1", "--digest"}).out == digest);
  Spill(build.dir.path() + "/base", text.out);
  Shell("cd " + build.dir.path() + " && [ \"$(sha256sum <base)\" = \"$(cat " +
        archive + ".manifest-sha256)  -\" ]");
  const json object = json::parse(rig.Run({"--json", "manifest"}).out);
  CHECK(object.at("digest").get<std::string>() + "\n" == digest);
  CHECK(object.at("version") == "1");
  CHECK(object.at("changed") == false);
}

TEST_CASE("manifest says whether it stored the text") {
  Build build;
  const CommandRig rig;
  const std::string plain = build.dir.path() + "/plain.tar";
  Shell("tar -C " + build.path() + " -cf " + plain + " .");
  REQUIRE(rig.Run({"deploy", "--version", "1", plain}).exit == 0);
  for (const bool changed : {true, false}) {
    const json object = json::parse(rig.Run({"--json", "manifest"}).out);
    CHECK(object.at("changed") == changed);
  }
}

TEST_CASE("manifest of no release is exit 7") {
  const CommandRig rig;
  CHECK(rig.Run({"manifest"}).exit == 7);
  CHECK(rig.Run({"manifest", "9"}).exit == 7);
}

TEST_CASE("a thin archive goes from one side to the other and is the same") {
  Build build;
  const CommandRig rig;
  REQUIRE(rig.Run({"deploy", build.Packed("1")}).exit == 0);
  const std::string base = build.dir.path() + "/base";
  Spill(base, rig.Run({"manifest"}).out);
  Spill(build.path() + "/added", "new content");
  const std::string thin = build.Packed("2", {"--base", base});
  const Printed deployed = rig.Run({"deploy", thin});
  CHECK_MESSAGE(deployed.exit == 0, deployed.err);
  CHECK(rig.Run({"verify"}).exit == 0);
  Shell("diff -r --no-dereference " + build.path() + " " + rig.root() +
        "/current/");
  // A host without the base asks for the full archive.
  const CommandRig other;
  const Printed refused = other.Run({"--json", "deploy", thin});
  CHECK(refused.exit == 3);
  CHECK(json::parse(refused.out).at("error").at("code") == "base-missing");
}

}  // namespace release
