#include "cli/pack_command.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Tree {
  Tree() { MakeTree(dir.path() + "/tree"); }
  Printed Pack(const std::string& name, std::vector<std::string> more = {}) {
    more.insert(more.begin(),
                {"pack", dir.path() + "/tree", "-o", dir.path() + "/" + name});
    return RunRelease(more);
  }
  TempDir dir;
};

}  // namespace

TEST_CASE("what pack makes has its checksum beside it, and is deployed") {
  Tree tree;
  for (const char* name : {"a.tar", "a.tar.gz", "a.tar.xz", "a.tar.zst"}) {
    CAPTURE(name);
    const Printed packed = tree.Pack(name, {"--json", "--version", "1.4.2"});
    CAPTURE(packed.err);
    REQUIRE(packed.exit == 0);
    const json object = json::parse(packed.out);
    const std::string path = tree.dir.path() + "/" + name;
    CHECK(object.at("file") == path);
    CHECK(object.at("bytes") == boost::filesystem::file_size(path));
    CHECK(Slurp(path + ".sha256") ==
          object.at("sha256").get<std::string>() + "  " + name + "\n");
    Shell("cd " + tree.dir.path() + " && sha256sum --quiet -c " + name +
          ".sha256");
    const CommandRig rig;
    const Printed deployed = rig.Run({"deploy", path});
    CAPTURE(deployed.err);
    CHECK(deployed.exit == 0);
    CHECK(rig.Run({"list", "-q"}).out == "1.4.2\n");
    CHECK(rig.Run({"verify"}).exit == 0);
    Shell("diff -r --no-dereference " + tree.dir.path() + "/tree " +
          rig.root() + "/current/");
  }
}

TEST_CASE("a damaged archive of pack's is refused by its own checksum") {
  Tree tree;
  REQUIRE(tree.Pack("a.tar", {"--version", "1"}).exit == 0);
  const std::string path = tree.dir.path() + "/a.tar";
  std::string bytes = Slurp(path);
  bytes[bytes.size() / 2] ^= 1;
  Spill(path, bytes);
  const CommandRig rig;
  CHECK(rig.Run({"deploy", path}).exit == 3);
  // Without it by the manifest within.
  boost::filesystem::remove(path + ".sha256");
  CHECK(rig.Run({"deploy", path}).exit == 3);
}

TEST_CASE("SOURCE_DATE_EPOCH is the time of all, and what it says is checked") {
  Tree tree;
  const auto pack = [&](const char* time) {
    setenv("SOURCE_DATE_EPOCH", time, 1);
    const Printed packed = tree.Pack("a.tar");
    unsetenv("SOURCE_DATE_EPOCH");
    return packed;
  };
  REQUIRE(pack("1714564800").exit == 0);
  const std::string path = tree.dir.path() + "/a.tar";
  Shell("test $(TZ=UTC tar -tvf " + path +
        " | grep -vc '2024-05-01 12:00') = 0");
  for (const char* bad : {"now", "12x", "-1", "99999999999999999999"}) {
    CAPTURE(std::string(bad));
    const Printed packed = pack(bad);
    CHECK(packed.exit == 2);
    CHECK(Has(packed.err, "SOURCE_DATE_EPOCH"));
  }
}

TEST_CASE("pack refuses what it cannot do, and leaves nothing behind") {
  Tree tree;
  CHECK(tree.Pack("a.zip").exit == 2);
  CHECK(tree.Pack("tree/a.tar").exit == 2);
  CHECK(Has(tree.Pack("tree/a.tar").err, "in the tree that is packed"));
  CHECK(tree.Pack("a.tar", {"--version", "../x"}).exit == 2);
  CHECK(tree.Pack("none/a.tar").exit == 1);
  CHECK(RunRelease({"pack", tree.dir.path() + "/none", "-o",
                    tree.dir.path() + "/a.tar"})
            .exit == 1);
  boost::filesystem::create_symlink("/etc/passwd",
                                    tree.dir.path() + "/tree/bad");
  const Printed unsafe = tree.Pack("a.tar");
  CHECK(unsafe.exit == 3);
  CHECK(Has(unsafe.err, "bad"));
  CHECK(Has(tree.Pack("b.tar", {"-n"}).err, "bad"));
  boost::filesystem::remove(tree.dir.path() + "/tree/bad");
  CHECK(Has(tree.Pack("b.tar", {"-n"}).out, "pack 20 entries"));
  for (const auto& entry :
       boost::filesystem::directory_iterator(tree.dir.path())) {
    CHECK(entry.path().filename() == "tree");
  }
}

TEST_CASE("pack writes to standard output, and words beside it go to stderr") {
  Tree tree;
  const Printed packed =
      RunRelease({"pack", tree.dir.path() + "/tree", "-o", "-"});
  REQUIRE(packed.exit == 0);
  CHECK(Has(packed.err, "-: "));
  Spill(tree.dir.path() + "/a.tar.zst", packed.out);
  const CommandRig rig;
  CHECK(rig.Run({"deploy", tree.dir.path() + "/a.tar.zst", "--version", "1"})
            .exit == 0);
  CHECK(RunRelease({"--json", "pack", tree.dir.path() + "/tree", "-o", "-"})
            .exit == 2);
}

TEST_CASE("a base that is no manifest of version 2 is refused") {
  Tree tree;
  const std::string base = tree.dir.path() + "/base";
  CHECK(tree.Pack("a.tar", {"--base", base}).exit == 3);
  Spill(base, "none");
  CHECK(tree.Pack("a.tar", {"--base", base}).exit == 1);
  Spill(base, "release-manifest 1\nend 0 0\n");
  CHECK(tree.Pack("a.tar", {"--base", base}).exit == 1);
  CHECK(!boost::filesystem::exists(tree.dir.path() + "/a.tar"));
}

}  // namespace release
