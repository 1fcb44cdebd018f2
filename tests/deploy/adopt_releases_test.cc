#include "deploy/adopt_releases.h"

#include <doctest/doctest.h>

#include "os/cancellation.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"
#include "support/expect_error.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// A root with a release tree that no record mentions.
struct Unrecorded : World {
  Unrecorded() : journal(&disk, 1, Journal::RecordSpace::kNewFile) {
    disk.MakeDirectory(Fs::kRoot, "releases/7", 0755);
    PutFile(&disk, "releases/7/app", "seven");
    journal.Begin({.command = CommandId::kInit});
    recorder.SetJournal(&journal);
    adoption.releases = {{.version = V("7"), .path = "releases/7"}};
  }

  Journal journal;
  StepRecorder recorder{&context, 1};
  AdoptionSpec adoption;
  PreparedTransaction prepared;
};

}  // namespace

TEST_CASE("an adopted release gets a durable manifest of all its files") {
  Unrecorded world;
  AdoptReleases(world.adoption, &world.recorder, &world.prepared);
  CHECK(world.prepared.adopted_bytes == std::vector<std::uint64_t>{5});
  CHECK(VerifyRelease(&world.disk, V("7")).empty());
  MemFs left = world.disk.Killed();
  left.ForEachPowerCut(
      [](MemFs cut) { CHECK(VerifyRelease(&cut, V("7")).empty()); });
  REQUIRE(world.recorder.steps.size() == 2);
  CHECK(world.recorder.steps[0].name == "hash");
  CHECK(world.recorder.steps[1].name == "sync");
}

TEST_CASE("warnings and the source of the order reach the outcome") {
  Unrecorded world;
  world.adoption.warnings = {"releases/x is left alone"};
  world.adoption.order_source = "revisions.log";
  AdoptReleases(world.adoption, &world.recorder, &world.prepared);
  CHECK(world.recorder.warnings.front() == "releases/x is left alone");
  CHECK(world.recorder.facts.at("order_told_by") == "revisions.log");
}

TEST_CASE("hashing stops when the transaction is aborted") {
  Unrecorded world;
  const AbortWatch watch(&world.disk, AbortPath(1), "asked to abort");
  world.context.report = [&](const ProgressEvent& event) {
    if (event.text == "hash") PutFile(&world.disk, AbortPath(1), "");
  };
  const Error error = ErrorOf(
      [&] { AdoptReleases(world.adoption, &world.recorder, &world.prepared); });
  CHECK(error.code() == ErrorCode::kAborted);
  CHECK(!HasManifest(&world.disk, V("7")));
}

}  // namespace release
