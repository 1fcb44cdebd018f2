#include "deploy/release_shape.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

const Version kOne = Version::ParseOrThrow("1");

// A world in which release 1 is live: bin/, bin/app, run -> bin/app.
struct Deployed : World {
  Deployed() { DeployAll(this, {"1"}); }
};

TEST_CASE("a release as it was published needs no warning") {
  Deployed world;
  CHECK(!DescribeAlteration(&world.context, kOne));
  CHECK(!RequireUnaltered(&world.context, kOne));
}

TEST_CASE("a changed or missing entry is described, and refused") {
  for (const bool missing : {false, true}) {
    Deployed world;
    world.disk.RemoveFile(Fs::kRoot, "releases/1/bin/app");
    if (!missing) PutFile(&world.disk, "releases/1/bin/app", "x", 0755);
    PutFile(&world.disk, "releases/1/a", "beside");
    const Reason found = DescribeAlteration(&world.context, kOne);
    REQUIRE(found);
    CHECK(found->starts_with("releases/1 has changed since it was published"));
    CHECK(found->ends_with("`release verify 1` lists them"));
    const Error error =
        ErrorOf([&] { RequireUnaltered(&world.context, kOne); });
    CHECK(error.code() == ErrorCode::kReleaseAltered);
    CHECK(error.path() == "releases/1/bin/app");
    CHECK(Says(error,
               missing ? "\"bin/app\" is removed" : "\"bin/app\" is changed"));
    CHECK(Says(error, "2 differences"));
  }
}

TEST_CASE("a file that the service wrote beside the others is a warning") {
  Deployed world;
  PutFile(&world.disk, "releases/1/cache", "x");
  CHECK(DescribeAlteration(&world.context, kOne));
  const Reason found = RequireUnaltered(&world.context, kOne);
  REQUIRE(found);
  CHECK(found->find("\"cache\" is added, 1 difference)") != std::string::npos);
}

TEST_CASE("a release that cannot be compared does not stop a rollback") {
  Deployed world;
  FaultFs fs(&world.disk);
  world.context.fs = &fs;
  fs.FailFrom(1, EIO, FsCall::kList);
  const Reason found = DescribeAlteration(&world.context, kOne);
  REQUIRE(found);
  CHECK(found->starts_with("cannot compare releases/1 with its manifest: "));
  world.context.fs = &world.disk;
  world.disk.RemoveFile(Fs::kRoot, ".release/manifests/1");
  CHECK(!DescribeAlteration(&world.context, kOne));
}

}  // namespace
}  // namespace release
