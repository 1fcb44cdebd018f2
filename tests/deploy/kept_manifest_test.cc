#include "deploy/kept_manifest.h"

#include <doctest/doctest.h>

#include "base/manifest_text.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/packed_manifest.h"
#include "support/archive_bytes.h"
#include "support/expect_error.h"
#include "support/packed_tree.h"
#include "support/world.h"

namespace release {
namespace {

const Version kOne = *Version::Parse("1");

Outcome DeployBytes(World* world, const std::string& bytes,
                    const std::string& name) {
  return Deploy(&world->context, RequestOfBytes(bytes, name));
}

}  // namespace

TEST_CASE("a release that came with a manifest keeps that text") {
  World world;
  PackedTree tree(PackedTree::Files{{"bin/app", "x"}});
  REQUIRE(DeployBytes(&world, tree.Full("1"), "shop-1.tar").exit ==
          Exit::kDone);
  CHECK(KeptManifest(world.context, kOne).text ==
        FormatManifest(tree.ManifestFor("1")));
}

TEST_CASE("for another release it is made once, without what is shared") {
  World world;
  world.config.shared_dirs = {"storage"};
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  CHECK(!ReadPackedManifest(&world.disk, kOne));
  const auto [text, stored] = KeptManifest(world.context, kOne);
  CHECK(stored);
  CHECK(ReadPackedManifest(&world.disk, kOne) == text);
  CHECK(!KeptManifest(world.context, kOne).stored);
  CHECK(KeptManifest(world.context, kOne).text == text);
  const Manifest manifest = ParseManifest(text, "test");
  CHECK(manifest.format == 2);
  CHECK(manifest.version == kOne);
  REQUIRE(manifest.entries.size() == 3);
  CHECK(manifest.entries[1].path == "bin/app");
  CHECK(manifest.entries[1].sha256 != Sha256Bytes{});
  CHECK(manifest.entries[1].modified ==
        world.disk.Stat(Fs::kRoot, "releases/1/bin/app")->modified);
  // It is a base.
  PackedTree fresh(
      PackedTree::Files{{"bin/app", "fresh"}, {"copy", "version 1\n"}});
  const Outcome outcome =
      DeployBytes(&world, fresh.Thin("2", text), "shop-2.tar");
  CHECK(outcome.exit == Exit::kDone);
}

TEST_CASE("a kept text that is damaged is made anew") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  const std::string text = KeptManifest(world.context, kOne).text;
  PutFile(&world.disk, PackedManifestPath(kOne), "damaged");
  CHECK(KeptManifest(world.context, kOne).text == text);
  CHECK(ReadPackedManifest(&world.disk, kOne) == text);
}

TEST_CASE("a release that was altered gets no manifest") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  PutFile(&world.disk, "releases/1/bin/app", "version X\n", 0755);
  const Error error = ErrorOf([&] { KeptManifest(world.context, kOne); });
  CHECK(error.code() == ErrorCode::kReleaseAltered);
  CHECK(Says(error, "\"bin/app\" is no longer as it was unpacked"));
  CHECK(!ReadPackedManifest(&world.disk, kOne));
}

TEST_CASE("while another command works, the text is printed and not stored") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  const Lock lock(&world.disk, &world.clock, {}, Nanoseconds(0));
  const auto [text, stored] = KeptManifest(world.context, kOne);
  CHECK(!text.empty());
  CHECK(!stored);
  CHECK(!ReadPackedManifest(&world.disk, kOne));
}

}  // namespace release
