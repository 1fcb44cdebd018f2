// The built command's `check`: mounts, a full disk, and that it changes
// nothing.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>

#include "host/site.h"
#include "support/archives.h"

namespace release {
namespace {

Finished Check(const std::string& root) {
  return Run({RELEASE_BINARY, "--root", root, "check"});
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("check finds nothing wrong on a good root, and changes nothing") {
  const Site site;
  site.Deploy("1");
  const auto before = Listing(site.root());
  const Finished finished = Check(site.root());
  INFO(finished.Describe());
  CHECK(finished.exit == 0);
  CHECK(!Has(finished.out, "fail "));
  CHECK(Listing(site.root()) == before);
  CHECK(site.Json({"check"}).at("findings").size() > 10);
}

TEST_CASE("check reports a root of several file systems or mounts") {
  const TempDir own;
  const Site site(own.path());
  const std::string releases = site.root() + "/releases";
  {
    const PrivateMount bind("--bind " + releases, releases);
    const Finished finished = Check(site.root());
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(Has(finished.out, "warn  mount         " + releases + " is a mount"));
  }
  const PrivateMount other("-t tmpfs none", releases);
  const Finished finished = Check(site.root());
  INFO(finished.Describe());
  CHECK(finished.exit == 8);
  CHECK(
      Has(finished.out, "fail  mount         " + releases + " is on another"));
}

TEST_CASE("check reports a disk that is full or cannot be written") {
  const TempDir own;
  const PrivateMount mount("-t tmpfs -o size=4m none", own.path() + "/disk");
  const Site site(own.path() + "/disk");
  CHECK(Check(site.root()).exit == 0);
  RunShell("head -c 3500000 /dev/zero > " + own.path() + "/disk/filler");
  const Finished full = Check(site.root());
  CHECK(full.exit == 8);
  CHECK(Has(full.out, "too few for one more release"));
  REQUIRE(RunShell("mount -o remount,ro " + own.path() + "/disk").exit == 0);
  const Finished read_only = Check(site.root());
  CHECK(read_only.exit == 8);
  CHECK(Has(read_only.out, "Read-only file system"));
}

TEST_CASE("check needs a root, and a configuration that can be read") {
  const TempDir own;
  CHECK(Check(own.path() + "/none").exit == 2);
  Spill(own.path() + "/shop.toml", "rot = 1\n");
  CHECK(Run({RELEASE_BINARY, "--config", own.path() + "/shop.toml", "check"})
            .exit == 2);
  // A directory without the layout: init has not been run.
  CHECK(Check(own.path()).exit == 8);
}

}  // namespace release
