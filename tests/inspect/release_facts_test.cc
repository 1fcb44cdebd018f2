#include "inspect/release_facts.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

const Version kOne = Version::ParseOrThrow("1");

}  // namespace

TEST_CASE("the facts of a release are its files and its transactions") {
  World world;
  DeployAll(&world, {"1", "2"});
  const std::string before = world.disk.Tree();
  const ReleaseFacts facts = ReadReleaseFacts(&world.context, kOne);
  CHECK(world.disk.Tree() == before);
  CHECK(facts.listed.rollback_target);
  CHECK(facts.entries > 0);
  CHECK(facts.differences.empty());
  CHECK(facts.unverified.empty());
  REQUIRE(facts.transactions.size() == 2);
  CHECK(facts.transactions[0].number == 2);
}

TEST_CASE("a file that changed and a manifest that is gone are facts") {
  World world;
  DeployAll(&world, {"1"});
  PutFile(&world.disk, "releases/1/more", "x");
  CHECK(ReadReleaseFacts(&world.context, kOne).differences.size() == 1);
  world.disk.RemoveFile(Fs::kRoot, ".release/manifests/1");
  CHECK(!ReadReleaseFacts(&world.context, kOne).unverified.empty());
}

TEST_CASE("a release that is not there has no facts") {
  World world;
  DeployAll(&world, {"1"});
  const Error error = ErrorOf(
      [&] { ReadReleaseFacts(&world.context, Version::ParseOrThrow("2")); });
  CHECK(error.code() == ErrorCode::kNoSuchRelease);
}

TEST_CASE("a transaction is found by its number alone") {
  World world;
  DeployAll(&world, {"1"});
  CHECK(FindTransaction(&world.disk, "1")->number == 1);
  CHECK(!FindTransaction(&world.disk, "2"));
  CHECK(!FindTransaction(&world.disk, "1.0"));
  CHECK(!FindTransaction(&world.disk, ""));
}

}  // namespace release
